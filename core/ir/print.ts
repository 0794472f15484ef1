/** Prints kernels and Programs, for people and as the key of a compiled kernel. */

import type { Index, IndexAtom, Loop } from "./index.ts";
import { Dynamic, Loop as LoopClass } from "./index.ts";
import type { Kernel, Stage, Store } from "./kernel.ts";
import type { Program, Step } from "./program.ts";
import { type Node, operandsOf } from "./scalar.ts";

/** Buffers with their slots, then the steps in order. */
export function formatProgram(program: Program): string {
  const buffer = (id: number) => {
    const { dtype, size, slot } = program.buffers[id]!;
    return `b${id}:${dtype}[${size}]@${slot}`;
  };
  const lines = (steps: readonly Step[], indent: string): string[] =>
    steps.flatMap((step): string[] => {
      const inner = indent + "  ";
      switch (step.kind) {
        case "kernel": {
          const [head, ...rest] = formatBody(
            step.kernel,
            (i) => `b${step.buffers[i]}`,
          ).split("\n");
          return [indent + head, ...rest.map((line) => indent + line)];
        }
        case "copy":
          return [`${indent}copy b${step.from} to b${step.to}`];
        case "branch":
          return [
            `${indent}branch on b${step.index}`,
            ...step.branches.flatMap((
              b,
              i,
            ) => [`${inner}case ${i}:`, ...lines(b, inner + "  ")]),
          ];
        case "loop": {
          const carries = step.carries.map((c) => `b${c.current} <- b${c.next}`)
            .join(", ");
          const times = step.count === null ? "while" : `${step.count} times`;
          return [
            `${indent}loop ${times}${
              step.counter === null ? "" : ` with b${step.counter}`
            }` +
            (carries && ` exchanging ${carries}`),
            ...(step.condition
              ? [
                `${inner}condition b${step.condition.flag}:`,
                ...lines(step.condition.steps, inner + "  "),
              ]
              : []),
            ...lines(step.body, inner),
          ];
        }
        default:
          return step satisfies never;
      }
    });
  return [
    `program(${program.inputs.map(buffer).join(", ")}) -> (${
      program.outputs.map(buffer).join(", ")
    })`,
    ...lines(program.steps, "  "),
    ...formatMemory(program),
  ].join("\n");
}

/** Which buffers share which memory. */
function formatMemory({ slots, buffers }: Program): readonly string[] {
  const bytes = slots.reduce((sum, size) => sum + size, 0);
  return [
    `  ${slots.length} slots, ${bytes} bytes`,
    ...slots.map((size, slot) => {
      const names = buffers.flatMap((b, id) =>
        b.slot === slot ? [`b${id}`] : []
      );
      return `    @${slot} ${size} bytes: ${names.join(" ")}`;
    }),
  ];
}

/** A kernel with its buffers, loops and stages; equal text means equal kernels. */
export function formatKernel(kernel: Kernel): string {
  const buffers = kernel.buffers.map(({ dtype, size }, i) =>
    `$${i}:${dtype}[${size}]`
  );
  return `${buffers.join(" ")}\n${formatBody(kernel, (i) => `$${i}`)}`;
}

function formatBody(
  kernel: Kernel,
  nameOf: (buffer: number) => string,
): string {
  const names = new Names(nameOf);
  switch (kernel.kind) {
    case "nest":
      names.nameShared(kernel.stages.flatMap(rootsOfStage));
      return [
        `nest ${names.loops(kernel.loops)}`,
        ...kernel.stages.flatMap((s) => formatStage(s, names, "  ")),
      ].join("\n");
    case "contract": {
      const { batch, rows, columns, node, stores } = kernel;
      const loops = `batch ${names.loops(batch)} rows ${names.loops(rows)} ` +
        `columns ${names.loops(columns)} inner ${names.loops(node.inner)}`;
      names.nameShared([node.left, node.right, ...stores.map((s) => s.value)]);
      const left = names.node(node.left);
      const right = names.node(node.right);
      return [
        `contract ${loops}`,
        `  ${names.result(node)} = sum ${left} * ${right}`,
        ...stores.map((s) => `  ${formatStore(s, names)}`),
      ].join("\n");
    }
    case "cumulative": {
      names.nameShared([kernel.store.value]);
      const direction = kernel.reverse ? "backward" : "forward";
      return `cumulative ${kernel.reducer} ${direction} ${
        names.loops(kernel.loops)
      } ` +
        `along ${names.loops([kernel.axis])}\n  ${
          formatStore(kernel.store, names)
        }`;
    }
    case "sort":
      names.nameShared(kernel.stores.map((s) => s.value));
      return `sort ${names.loops(kernel.loops)} along ${
        names.loops([kernel.axis])
      } ` +
        `by ${kernel.keys}\n` +
        kernel.stores.map((s) => `  ${formatStore(s, names)}`).join("\n");
    case "scatter": {
      names.nameShared([kernel.store.value]);
      const bounds = kernel.bounds.map((b) =>
        `${names.index(b.index)} < ${b.extent}`
      ).join(", ");
      return `scatter ${kernel.combine} ${names.loops(kernel.loops)}` +
        (bounds && ` where ${bounds}`) +
        `\n  ${formatStore(kernel.store, names)}`;
    }
    default:
      return kernel satisfies never;
  }
}

function rootsOfStage(stage: Stage): readonly Node[] {
  switch (stage.kind) {
    case "reduce":
      return [...stage.stages.flatMap(rootsOfStage), stage.node.body];
    case "row":
      return [stage.node];
    case "store":
      return [stage.store.value];
    default:
      return stage satisfies never;
  }
}

function formatStage(stage: Stage, names: Names, indent: string): string[] {
  switch (stage.kind) {
    case "reduce": {
      const { node, stages } = stage;
      const loops = names.loops(node.inner);
      const inner = stages.flatMap((s) => formatStage(s, names, indent + "  "));
      const body = names.node(node.body);
      return [
        `${indent}${
          names.result(node)
        } = ${node.reducer} over ${loops} ${body}`,
        ...inner,
      ];
    }
    case "row": {
      const loops = names.loops(stage.loops);
      return [`${indent}row over ${loops} ${names.node(stage.node)}`];
    }
    case "store":
      return [
        `${indent}${
          stage.loops.length > 0 ? `${names.loops(stage.loops)} ` : ""
        }${formatStore(stage.store, names)}`,
      ];
    default:
      return stage satisfies never;
  }
}

function formatStore({ buffer, offset, value }: Store, names: Names): string {
  return `${names.buffer(buffer)}[${names.index(offset)}] = ${
    names.node(value)
  }`;
}

/** Names of loops and results, in order of their mention. */
class Names {
  private readonly known = new Map<Loop | Node, string>();

  private readonly shared = new Set<Node>();

  constructor(readonly buffer: (i: number) => string) {}

  /** Nodes met more than once get names: printed in full, they grow exponentially. */
  nameShared(roots: readonly Node[]): void {
    const seen = new Set<Node>();
    const visit = (node: Node): void => {
      if (seen.has(node)) return void this.shared.add(node);
      seen.add(node);
      operandsOf(node).forEach(visit);
    };
    roots.forEach(visit);
  }

  loops(loops: readonly Loop[]): string {
    return `(${loops.map((l) => `${this.loop(l)}<${l.extent}`).join(" ")})`;
  }

  loop(loop: Loop): string {
    return this.name(loop, "i");
  }

  result(node: Node): string {
    return this.name(node, "r");
  }

  index({ constant, terms }: Index): string {
    const parts = terms.map(({ atom, stride }) =>
      stride === 1 ? this.atom(atom) : `${stride}*${this.atom(atom)}`
    );
    if (constant !== 0 || parts.length === 0) parts.push(String(constant));
    return parts.join("+");
  }

  node(node: Node): string {
    const known = this.known.get(node);
    if (known) return known;
    switch (node.op) {
      case "const":
        return `${Object.is(node.value, -0) ? "-0" : node.value}:${node.dtype}`;
      case "index":
        return `index(${this.index(node.index)})`;
      case "load": {
        const bounds = node.bounds.map((b) =>
          ` if ${this.index(b.index)}<${b.extent}`
        );
        return `${this.buffer(node.buffer)}[${this.index(node.offset)}${
          bounds.join("")
        }]`;
      }
      case "reduce":
      case "contract":
        return this.result(node);
      default: {
        const { op, dtype, args } = node;
        const suffix = op === "cast" || op === "bitcast" ? `:${dtype}` : "";
        const operands = args.map((a) => this.node(a)).join(", ");
        const name = this.shared.has(node) ? `${this.result(node)}=` : "";
        return `${name}${op}${suffix}(${operands})`;
      }
    }
  }

  private atom(atom: IndexAtom): string {
    if (atom instanceof LoopClass) return this.loop(atom);
    if (atom instanceof Dynamic) return `{${this.node(atom.node)}}`;
    return `floor((${this.index(atom.index)})/${atom.divisor})`;
  }

  private name(key: Loop | Node, prefix: string): string {
    let name = this.known.get(key);
    if (!name) this.known.set(key, name = `${prefix}${this.known.size}`);
    return name;
  }
}
