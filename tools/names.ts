/**
 * Names of functions and classes in a bundle that will be minified. Setting all
 * of them takes a script longer than computing something, so those that users
 * see keep theirs: names of classes are saved with trees, and messages name
 * functions.
 */

import type { AnyNode, CallExpression, Node } from "acorn";
import { ancestor } from "acorn-walk";
import MagicString from "magic-string";
import type { Bundle, Reference } from "./bundle.ts";

/** The bundler's function that gives a function or class its name. */
const SET_NAME = "__name";

/** The code of a bundle made with `--keep-names`, less the names of what is internal. */
export function withPublicNames(bundle: Bundle): string {
  const code = new MagicString(bundle.code);
  const visible = visibleNames(bundle);
  ancestor(bundle.program, {
    CallExpression(node, _state, ancestors) {
      if (!isSetName(node)) return;
      const parents = ancestors.slice(0, -1).reverse() as AnyNode[];
      if (isVisible(node, parents, visible)) return;
      const [named] = node.arguments;
      const [statement, block] = parents;
      if (statement?.type !== "ExpressionStatement") {
        code.remove(node.start, named!.start).remove(named!.end, node.end);
        return;
      }
      const isAlone = block?.type === "StaticBlock" && block.body.length === 1;
      const { start, end } = isAlone ? block : statement;
      code.remove(start, end);
    },
  });
  return code.toString();
}

/** Names of the top level that an export or the object of `import * as` makes visible. */
function visibleNames({ names }: Bundle): ReadonlySet<string> {
  const isExport = ({ statement }: Reference) =>
    statement.isNamespace || statement.node.type === "ExportNamedDeclaration";
  return new Set(
    names.filter(({ references }) => references.some(isExport))
      .map(({ name }) => name),
  );
}

function isSetName({ callee }: CallExpression): boolean {
  return callee.type === "Identifier" && callee.name === SET_NAME;
}

/**
 * Whether users see what is named: a variable of the top level, `f` in
 * `__name(f, "f")` and in `var f = __name(() => {}, "f")`, `A` in
 * `var A = class { static { … } }`; or what is given to a function such as
 * `customJvp`, which goes by its name.
 */
function isVisible(
  { arguments: [named] }: CallExpression,
  parents: readonly AnyNode[],
  visible: ReadonlySet<string>,
): boolean {
  if (parents.some(isFunction)) return false;
  const [parent] = parents;
  if (named?.type === "Identifier") return visible.has(named.name);
  if (parent?.type === "CallExpression") return true;
  // A class is named in a block of its body.
  const holder = parents[named?.type === "ThisExpression" ? 4 : 0];
  return holder?.type === "VariableDeclarator" &&
    holder.id.type === "Identifier" && visible.has(holder.id.name);
}

function isFunction({ type }: Node): boolean {
  return type === "FunctionDeclaration" || type === "FunctionExpression" ||
    type === "ArrowFunctionExpression";
}
