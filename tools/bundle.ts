/** What `deno bundle` makes of modules, taken apart again: whose is which name. */

import { type Node, parse, type Program } from "acorn";
import { simple } from "acorn-walk";
import { analyze } from "eslint-scope";
import type * as ESTree from "estree";

/** A statement at the top level of the bundle. */
export interface Statement {
  readonly node: Node;
  /** The path of the module that it comes from; empty for what the bundler adds. */
  readonly module: string;
  /** Whether it makes or fills the object that `import * as` gives. */
  readonly isNamespace: boolean;
}

/** A use of a name. */
export interface Reference {
  readonly start: number;
  readonly end: number;
  readonly statement: Statement;
  /** Whether it stands for a property too, as in `{ name }`. */
  readonly isShorthand: boolean;
}

/** A name of the top level. */
export interface TopLevelName {
  readonly name: string;
  readonly statement: Statement;
  readonly references: readonly Reference[];
  /** Whether its value changes after it has been declared. */
  readonly isReassigned: boolean;
}

/** A bundle, and what is known of its parts. */
export interface Bundle {
  readonly code: string;
  readonly program: Program;
  readonly statements: readonly Statement[];
  readonly names: readonly TopLevelName[];
}

/** The bundler's function that fills the object of `import * as`. */
const FILL_NAMESPACE = "__export";

/** Takes a bundle apart that has been neither minified nor split. */
export function parseBundle(code: string): Bundle {
  const paths: { readonly start: number; readonly path: string }[] = [];
  const program = parse(code, {
    ecmaVersion: "latest",
    sourceType: "module",
    ranges: true,
    onComment(isBlock, text, start) {
      // The bundler puts the path of each module before its statements.
      const isLine = start === 0 || code[start - 1] === "\n";
      if (!isBlock && isLine && /^ \S+\.\w+$/.test(text)) {
        paths.push({ start, path: text.trim() });
      }
    },
  });
  const namespaces = namespacesIn(program);
  const statements = program.body.map((node): Statement => ({
    node,
    module: node.type === "ExportNamedDeclaration"
      ? ""
      : paths.findLast(({ start }) => start < node.start)?.path ?? "",
    isNamespace: namespaces.has(node),
  }));
  return { code, program, statements, names: namesIn(program, statements) };
}

/** Paths of the modules that have statements, in the order of evaluation. */
export function modulesOf({ statements }: Bundle): readonly string[] {
  return [...new Set(statements.map(({ module }) => module))];
}

/** The statements `var x = {}` and `__export(x, ...)`. */
function namespacesIn({ body }: Program): ReadonlySet<Node> {
  const filling = new Map<string, Node>();
  for (const node of body) {
    if (node.type !== "ExpressionStatement") continue;
    const { expression: call } = node;
    if (call.type !== "CallExpression") continue;
    const { callee, arguments: [object] } = call;
    if (
      callee.type === "Identifier" && callee.name === FILL_NAMESPACE &&
      object?.type === "Identifier"
    ) filling.set(object.name, node);
  }
  const making = body.filter((node) =>
    node.type === "VariableDeclaration" &&
    node.declarations.some(({ id }) =>
      id.type === "Identifier" && filling.has(id.name)
    )
  );
  return new Set([...making, ...filling.values()]);
}

function namesIn(
  program: Program,
  statements: readonly Statement[],
): readonly TopLevelName[] {
  const shorthands = new Set<number>();
  simple(program, {
    Property({ shorthand, start }) {
      if (shorthand) shorthands.add(start);
    },
  });
  const statementAt = (position: number) =>
    statements.findLast(({ node }) => node.start <= position)!;
  const scopes = analyze(program as ESTree.Program, {
    ecmaVersion: 2022,
    sourceType: "module",
  });
  const [topLevel] = scopes.globalScope!.childScopes;
  return topLevel!.variables.flatMap((
    { name, defs: [definition], references },
  ) =>
    definition
      ? {
        name,
        statement: statementAt(definition.name.range![0]),
        references: references.filter(({ init }) => !init).map(
          ({ identifier: { range } }) => ({
            start: range![0],
            end: range![1],
            statement: statementAt(range![0]),
            isShorthand: shorthands.has(range![0]),
          }),
        ),
        isReassigned: references.some((r) => r.isWrite() && !r.init),
      }
      : []
  );
}
