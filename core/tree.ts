/**
 * Trees: nested arrays, plain objects and registered classes with leaves inside.
 *
 * Whatever is not a container is a leaf: numbers, typed arrays, functions, and
 * instances of classes that were not registered, such as arrays. `null` and
 * `undefined` are containers without children, two different ones: an optional
 * parameter that is absent has no gradient, and comes back as it was. Keys of
 * objects are sorted, so that their order of insertion does not matter.
 *
 * @module
 */

export {
  flatten,
  type Flattened,
  flattenUpTo,
  flattenWithPath,
  leaves,
  structure,
  unflatten,
} from "./tree/flatten.ts";
export { map, mapWithPath, transpose } from "./tree/map.ts";
export {
  type Children,
  registerTreeNode,
  type TreeNodeRules,
} from "./tree/node.ts";
export { formatPath } from "./tree/path.ts";
export { all, reduce } from "./tree/reduce.ts";
export { TreeStructure } from "./tree/structure.ts";
export {
  type IsLeaf,
  type LeafOf,
  type LeafValue,
  type Mapped,
  type Path,
  type Replaced,
  type Tree,
  TREE_NODE,
  type TreeNode,
} from "./tree/types.ts";
