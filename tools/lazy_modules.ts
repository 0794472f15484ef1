/**
 * Modules of a bundle that are evaluated when something of them is first used.
 *
 * The statements of such a module go into a function, and each use of one of its
 * names becomes `module$path().name`. That is right for modules that only define
 * things and do not import each other in circles, as those of the library are.
 */

import type { AnyNode, Node } from "acorn";
import MagicString from "magic-string";
import type { Bundle, Statement } from "./bundle.ts";

/** The code of a bundle whose modules outside of `eager` are lazy. */
export function withLazyModules(
  bundle: Bundle,
  eager: ReadonlySet<string>,
): string {
  const code = new MagicString(bundle.code);
  const isLazy = ({ module, isNamespace }: Statement) =>
    !isNamespace && !eager.has(module);
  const lazy = lazyModules(bundle.statements.filter(isLazy));
  for (const { name, statement, references, isReassigned } of bundle.names) {
    if (!isLazy(statement)) continue;
    const path = statement.module;
    const outside = references.filter((r) =>
      r.statement.module !== path || !isLazy(r.statement)
    );
    if (outside.length === 0) continue;
    lazy.get(path)!.members.push(
      isReassigned ? `get ${name}() { return ${name}; }` : name,
    );
    for (const { start, end, isShorthand } of outside) {
      // In parentheses, for `new` would take the call for its own.
      const value = `(${identifier("module", path)}().${name})`;
      code.overwrite(start, end, isShorthand ? `${name}: ${value}` : value);
    }
  }
  for (const [path, { first, last, members }] of lazy) {
    code.appendLeft(first.start, beginOf(path));
    code.appendRight(last.end, `\nreturn { ${members.join(", ")} };\n}\n`);
  }
  return code.toString();
}

/** Where the statements of a lazy module are, and what others use of it. */
interface LazyModule {
  readonly first: Node;
  last: Node;
  readonly members: string[];
}

function lazyModules(
  statements: readonly Statement[],
): ReadonlyMap<string, LazyModule> {
  const lazy = new Map<string, LazyModule>();
  for (const { module, node } of statements) {
    const known = lazy.get(module);
    if (known) known.last = node;
    else lazy.set(module, { first: node, last: node, members: [] });
  }
  return lazy;
}

/** What stands before the statements of a lazy module. */
function beginOf(path: string): string {
  const [module, members] = [identifier("module", path), identifier("", path)];
  return `var ${members};\n` +
    `function ${module}() { return ${members} ??= ${evaluatorOf(path)}(); }\n` +
    `function ${evaluatorOf(path)}() {\n// ${path}\n`;
}

/** The name of the function in which the module of a path is evaluated. */
export function evaluatorOf(path: string): string {
  return identifier("evaluate", path);
}

function identifier(prefix: string, path: string): string {
  return `${prefix}$${path.replace(/\W/g, "$")}`;
}

/**
 * The modules that cannot be lazy: what the bundler adds, modules whose names the
 * bundle exports, and those with a statement that may do something to others.
 * Statements that define names are taken to do only that.
 */
export function eagerModules(bundle: Bundle): ReadonlySet<string> {
  const eager = new Set([""]);
  const owners = new Map<string, string>();
  for (const { name, statement, references } of bundle.names) {
    owners.set(name, statement.module);
    const isExported = references.some((r) =>
      r.statement.node.type === "ExportNamedDeclaration"
    );
    if (isExported && !statement.isNamespace) eager.add(statement.module);
  }
  for (const { node, module, isNamespace } of bundle.statements) {
    if (isNamespace || isDefinition(node as AnyNode, module, owners)) continue;
    eager.add(module);
  }
  return eager;
}

/** Whether a statement declares something, or calls what its module or the bundler has. */
function isDefinition(
  node: AnyNode,
  module: string,
  owners: ReadonlyMap<string, string>,
): boolean {
  if (/Declaration$/.test(node.type)) return true;
  if (node.type !== "ExpressionStatement") return false;
  let root: AnyNode = node.expression;
  if (root.type !== "CallExpression") return false;
  root = root.callee;
  while (root.type === "MemberExpression") root = root.object;
  if (root.type !== "Identifier") return false;
  return ["", module].includes(owners.get(root.name)!);
}
