/**
 * Trees of arrays in safetensors files.
 *
 * @module
 */

import type { NDArray } from "../../core/array.ts";
import { backendNamed } from "../../core/backend.ts";
import { arrayFromStorage, ConcreteArray } from "../../core/concrete_array.ts";
import { type DType, itemSize } from "../../core/dtype.ts";
import { ShapeError, TracerError, TreeError } from "../../core/errors.ts";
import { storageOf } from "../../core/storage.ts";
import {
  flatten,
  flattenWithPath,
  formatPath,
  type Path,
  unflatten,
} from "../../core/tree.ts";
import { asArray } from "../../transforms/_arguments.ts";
import { nameOf, rebuilt, recorded } from "./_tree_layout.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsContent,
  type SafetensorsEntry,
} from "./safetensors_format.ts";
import { writeAtomically } from "./write_atomically.ts";

/** What is written besides the arrays. */
export type SaveOptions = {
  /** Texts by name, such as the version of what writes the file. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** How a file is read. */
export type LoadOptions<T> = {
  /** A tree of the structure, shapes and dtypes that the file must have. */
  readonly like?: T;
};

/** Name under which the structure of the tree is kept. */
const STRUCTURE = "dinograd.tree";

/**
 * Writes the arrays of `tree` to a safetensors file, whole or not at all.
 *
 * A tensor is named after its path, as in PyTorch: `layers.0.weight`. The bits
 * of every dtype are kept, and {@linkcode loadSafetensors} gives the same tree.
 *
 * @throws {TypeError} If a leaf is not an array of known values, or a number.
 * @throws {RangeError} If `metadata` has the name that the tree needs.
 * @throws {Error} If the file cannot be written.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { io, numpy as np } from "@dinograd/dinograd";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * const params = { layers: [{ w: np.array([[1, 2]]) }], bias: null };
 * await io.saveSafetensors(path, params, { metadata: { step: "12" } });
 * assertEquals(await io.safetensorsMetadata(path), { step: "12" });
 * ```
 */
export async function saveSafetensors(
  path: string,
  tree: unknown,
  { metadata = {} }: SaveOptions = {},
): Promise<void> {
  if (Object.hasOwn(metadata, STRUCTURE)) {
    throw new RangeError(
      `Cannot save ${path}: metadata "${STRUCTURE}" holds the structure of ` +
        `the tree. Use another name`,
    );
  }
  const { leaves, structure } = flattenWithPath<unknown, unknown>(tree);
  const entries = await Promise.all(leaves.map(async ([at, leaf]) => {
    const what = formatPath(at, "the tree to save");
    return [nameOf(at), await entryOf(asArray(leaf, what), what)] as const;
  }));
  const file = encodeSafetensors(new Map(entries), {
    ...metadata,
    [STRUCTURE]: JSON.stringify(recorded(structure)),
  });
  await writeAtomically(path, file);
}

async function entryOf(x: NDArray, what: string): Promise<SafetensorsEntry> {
  if (!(x instanceof ConcreteArray)) {
    throw new TracerError(
      `Cannot save ${what}, which is ${x}: its values are not known inside a ` +
        `transformed function. Return the array and save it outside`,
    );
  }
  const { shape, dtype, size } = x;
  const backend = backendNamed(x.device);
  // The device's own bytes: decoding would lose the payloads of NaNs.
  const bytes = await backend.read(x.bufferOn(backend));
  return { dtype, shape, bytes: bytes.subarray(0, size * itemSize(dtype)) };
}

/**
 * The tree of arrays in a safetensors file.
 *
 * Its structure is that of `like`, or else what `saveSafetensors` recorded. A
 * file that another program wrote gives an object of arrays by name.
 *
 * @throws {TreeError} If a tensor of `like` is missing or the file has others,
 * or the tree has instances of classes and `like` is not given.
 * @throws {ShapeError} If a shape or dtype is not that of `like`; the message
 * has the path.
 * @throws {SafetensorsError} If the file is damaged.
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { io, numpy as np } from "@dinograd/dinograd";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * const params = { w: [np.array([1, 2]), np.array(3)] };
 * await io.saveSafetensors(path, params);
 * const loaded = await io.loadSafetensors(path, { like: params });
 * assertEquals(loaded.w[0]!.js(), [1, 2]);
 *
 * const like = { w: [np.array([1, 2, 3]), np.array(3)] };
 * await assertRejects(
 *   () => io.loadSafetensors(path, { like }),
 *   TypeError,
 *   "like.w[0]",
 * );
 * ```
 */
export async function loadSafetensors<T = unknown>(
  path: string,
  { like }: LoadOptions<T> = {},
): Promise<T> {
  const { entries, metadata } = await readFile(path);
  if (like !== undefined) return loadLike(path, entries, like);
  const arrays = new Map(
    [...entries].map(([name, entry]) => [name, toArray(entry)]),
  );
  const layout = metadata[STRUCTURE];
  return (layout === undefined
    ? Object.fromEntries(arrays)
    : rebuilt(JSON.parse(layout), arrays, path)) as T;
}

/**
 * The metadata of a safetensors file, without the structure of the tree.
 *
 * @throws {SafetensorsError} If the file is damaged.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { io } from "@dinograd/dinograd";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * await io.saveSafetensors(path, {}, { metadata: { epoch: "3" } });
 * assertEquals(await io.safetensorsMetadata(path), { epoch: "3" });
 * ```
 */
export async function safetensorsMetadata(
  path: string,
): Promise<Readonly<Record<string, string>>> {
  const { [STRUCTURE]: _, ...metadata } = (await readFile(path)).metadata;
  return metadata;
}

async function readFile(path: string): Promise<SafetensorsContent> {
  const bytes = await Deno.readFile(path);
  try {
    return decodeSafetensors(bytes);
  } catch (error) {
    // The reader of the format knows the bytes only: say which file it was.
    if (error instanceof Error) error.message = `${error.message} (${path})`;
    throw error;
  }
}

function loadLike<T>(
  path: string,
  entries: SafetensorsContent["entries"],
  like: T,
): T {
  const { leaves } = flattenWithPath<unknown, unknown>(like);
  const arrays = leaves.map(([at, leaf]) => {
    const entry = entries.get(nameOf(at));
    if (!entry) {
      throw new TreeError(
        `Cannot load ${path}: it has no tensor ${nameOf(at)} for ` +
          `${formatPath(at, "like")}; it has ${[...entries.keys()].join(", ")}`,
      );
    }
    checkFit(path, entry, { at, leaf });
    return toArray(entry);
  });
  const used = new Set(leaves.map(([at]) => nameOf(at)));
  const unused = [...entries.keys()].filter((name) => !used.has(name));
  if (unused.length > 0) {
    throw new TreeError(
      `Cannot load ${path}: like has no place for its tensors ` +
        `${unused.join(", ")}. Give a tree of the structure that was saved`,
    );
  }
  return unflatten(flatten(like).structure, arrays);
}

function checkFit(
  path: string,
  { shape, dtype }: SafetensorsEntry,
  { at, leaf }: { readonly at: Path; readonly leaf: unknown },
): void {
  const where = formatPath(at, "like");
  const wanted = isTyped(leaf) ? leaf : asArray(leaf, where);
  if (dtype === wanted.dtype && String(shape) === String(wanted.shape)) return;
  throw new ShapeError(
    `Cannot load ${path}: tensor ${
      nameOf(at)
    } has shape [${shape}] and dtype ` +
      `${dtype}, and ${where} has shape [${wanted.shape}] and dtype ` +
      `${wanted.dtype}`,
  );
}

function isTyped(
  leaf: unknown,
): leaf is { readonly shape: readonly number[]; readonly dtype: DType } {
  return typeof leaf === "object" && leaf !== null && "shape" in leaf &&
    "dtype" in leaf;
}

function toArray({ dtype, shape, bytes }: SafetensorsEntry): NDArray {
  const length = bytes.length / itemSize(dtype);
  const values = storageOf(dtype, bytes.buffer, bytes.byteOffset, length);
  return arrayFromStorage(values, shape, dtype);
}
