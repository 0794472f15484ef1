/**
 * Functions that are compiled when a file is loaded, not when they are first
 * called. V8 does so for function expressions in parentheses ("possibly invoked
 * function expressions", https://v8.dev/blog/preparser#pife); what is compiled by
 * then is in the cache that Deno keeps of each file, and later runs find it there.
 */

import { type Node, parse } from "acorn";
import { ancestor } from "acorn-walk";
import MagicString from "magic-string";

/** `code` with the functions that begin at `starts` in parentheses, but for methods. */
export function withEagerFunctions(
  code: string,
  starts: ReadonlySet<number>,
): string {
  const result = new MagicString(code);
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const topLevel = new Set<Node>(program.body);
  const inParentheses = (node: Node) => {
    result.appendRight(node.start, "(").appendLeft(node.end, ")");
  };
  const expression = (node: Node, _: unknown, ancestors: readonly Node[]) => {
    if (starts.has(node.start) && !isMethod(ancestors.at(-2)!)) {
      inParentheses(node);
    }
  };
  ancestor(program, {
    ArrowFunctionExpression: expression,
    FunctionExpression: expression,
    FunctionDeclaration(node) {
      const { id, start, end } = node;
      if (!id || !starts.has(start) || !topLevel.has(node)) return;
      // Declarations take effect before all statements, so these come first.
      result.appendRight(start, `var ${id.name}=`);
      inParentheses(node);
      result.appendLeft(end, ";").move(start, end, 0);
    },
  });
  return result.toString();
}

function isMethod(parent: Node & { method?: boolean; kind?: string }): boolean {
  return parent.type === "MethodDefinition" || parent.method === true ||
    parent.kind === "get" || parent.kind === "set";
}
