import "../../core/dispatch.ts";
import { assert, assertEquals, assertNotMatch } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { Aval } from "../../core/aval.ts";
import type { Kernel, Stage } from "../../core/ir/kernel.ts";
import { NODE_BUDGET } from "../../core/ir/kernel_body.ts";
import { lower } from "../../core/ir/lower.ts";
import { formatProgram } from "../../core/ir/print.ts";
import type { Program } from "../../core/ir/program.ts";
import { type Node, operandsOf } from "../../core/ir/scalar.ts";
import { add } from "../../core/ops/addition.ts";
import { div, max, mul, sub } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, iota, zerosLike } from "../../core/ops/constants.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { exp, log } from "../../core/ops/exponential.ts";
import { sin, tanh } from "../../core/ops/trigonometric.ts";
import { reshape, rev, transpose } from "../../core/ops/layout.ts";
import { pad, slice } from "../../core/ops/slice_pad.ts";
import { simplify } from "../../core/simplify.ts";
import { stage } from "../../core/staging.ts";

type Shape = readonly number[];

function programOf(
  f: (...xs: NDArray[]) => readonly NDArray[],
  ...shapes: Shape[]
): Program {
  const avals = shapes.map((shape) => Aval.of(shape, "float32"));
  return lower(simplify(stage(f, avals, "f").jaxpr));
}

function kernelsOf({ steps }: Program): readonly Kernel[] {
  return steps.map((step) => {
    if (step.kind === "kernel") return step.kernel;
    throw new TypeError(`A step is a ${step.kind}`);
  });
}

/** Kinds of the kernels, in order. */
const kindsOf = (program: Program) => kernelsOf(program).map((k) => k.kind);

/** All nodes of a kernel. */
function nodesOf(kernel: Kernel): ReadonlySet<Node> {
  const found = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node)) return;
    found.add(node);
    if (node.op === "reduce") visit(node.body);
    if (node.op === "contract") [node.left, node.right].forEach(visit);
    operandsOf(node).forEach(visit);
  };
  const visitStage = (stage: Stage): void => {
    if (stage.kind === "store") return visit(stage.store.value);
    visit(stage.node);
    if (stage.kind === "reduce") stage.stages.forEach(visitStage);
  };
  if (kernel.kind === "nest") kernel.stages.forEach(visitStage);
  if (kernel.kind === "contract") kernel.stores.forEach((s) => visit(s.value));
  return found;
}

const alongRows = (s: NDArray, x: NDArray) => broadcastInDim(s, x.shape, [0]);
const rowSum = (x: NDArray) => sum(x, [1]);

function rowMean(x: NDArray): NDArray {
  const total = rowSum(x);
  return div(total, fullLike(total, x.shape[1]!));
}

function product(x: NDArray, y: NDArray): NDArray {
  return dotGeneral(x, y, { contract: [[1], [0]], batch: [[], []] });
}

Deno.test("softmax is one nest", () => {
  const softmax = (x: NDArray) => {
    const e = exp(x);
    return [div(e, alongRows(rowSum(e), x))];
  };
  assertEquals(kindsOf(programOf(softmax, [4, 10])), ["nest"]);
});

Deno.test("layer norm is one nest", () => {
  const layerNorm = (x: NDArray, scale: NDArray, shift: NDArray) => {
    const centred = sub(x, alongRows(rowMean(x), x));
    const variance = alongRows(rowMean(mul(centred, centred)), x);
    const y = mul(div(centred, variance), broadcastInDim(scale, x.shape, [1]));
    return [add(y, broadcastInDim(shift, x.shape, [1]))];
  };
  assertEquals(kindsOf(programOf(layerNorm, [4, 10], [10], [10])), ["nest"]);
});

Deno.test("the mean cross-entropy of a batch is one nest", () => {
  const crossEntropy = (x: NDArray, label: NDArray) => {
    const isLabel = compare(
      "eq",
      iota("float32", x.shape, 1),
      alongRows(label, x),
    );
    const chosen = rowSum(select(isLabel, x, zerosLike(x)));
    const losses = sub(log(rowSum(exp(x))), chosen);
    const total = sum(losses, [0]);
    return [div(total, fullLike(total, x.shape[0]!))];
  };
  assertEquals(kindsOf(programOf(crossEntropy, [8, 10], [8])), ["nest"]);
});

Deno.test("an Adam step over one parameter is one nest", () => {
  const scaled = (x: NDArray, by: number) => mul(x, fullLike(x, by));
  const adam = (p: NDArray, m: NDArray, v: NDArray, g: NDArray) => {
    const first = add(scaled(m, 0.9), scaled(g, 0.1));
    const second = add(scaled(v, 0.999), scaled(mul(g, g), 0.001));
    return [sub(p, div(first, exp(log(second)))), first, second];
  };
  const shape = [7, 5];
  const program = programOf(adam, shape, shape, shape, shape);
  assertEquals(kindsOf(program), ["nest"]);
});

Deno.test("a chain of elementwise functions is one nest", () => {
  const program = programOf((x, y) => [tanh(add(sin(mul(x, y)), x))], [9], [9]);
  assertEquals(kindsOf(program), ["nest"]);
});

Deno.test("a dense layer is one contraction with an epilogue", () => {
  const dense = (x: NDArray, weight: NDArray, bias: NDArray) => {
    const y = product(x, weight);
    const z = add(y, broadcastInDim(bias, y.shape, [1]));
    return [max(z, zerosLike(z))];
  };
  assertEquals(kindsOf(programOf(dense, [4, 3], [3, 5], [5])), ["contract"]);
});

Deno.test("transposed operands of a product are read in place", () => {
  const turned = (x: NDArray) => transpose(x, [1, 0]);
  const program = programOf((x, y) => [product(turned(x), turned(y))], [3, 4], [
    5,
    3,
  ]);
  assertEquals(kindsOf(program), ["contract"]);
});

Deno.test("a costly operand of a product is stored first, a cheap one is not", () => {
  const shapes = [[4, 3], [3, 5]];
  assertEquals(
    kindsOf(programOf((x, y) => [product(exp(x), y)], ...shapes)),
    ["nest", "contract"],
  );
  assertEquals(
    kindsOf(programOf((x, y) => [product(add(x, x), y)], ...shapes)),
    ["contract"],
  );
});

Deno.test("squaring sixty times over does not grow exponentially", () => {
  const program = programOf((x) => {
    for (let i = 0; i < 60; i++) x = mul(x, x);
    return [x];
  }, [4]);
  const [kernel, ...others] = kernelsOf(program);
  assertEquals(others, []);
  assertEquals(nodesOf(kernel!).size, 61);
  assert(formatProgram(program).length < 4000);
});

Deno.test("thirty softmaxes in a row do not grow exponentially", () => {
  const program = programOf((x) => {
    for (let i = 0; i < 30; i++) {
      const e = exp(sub(x, alongRows(rowMean(x), x)));
      x = div(e, alongRows(rowSum(e), x));
    }
    return [x];
  }, [4, 10]);
  const kinds = kindsOf(program);
  assert(kinds.length < 10 && kinds.every((kind) => kind === "nest"));
});

Deno.test("adding its reverse twenty times over is one small kernel", () => {
  const program = programOf((x) => {
    for (let i = 0; i < 20; i++) x = add(x, rev(x, [0]));
    return [x];
  }, [8]);
  const [kernel, ...others] = kernelsOf(program);
  assertEquals(others, []);
  assert(nodesOf(kernel!).size <= 42);
});

Deno.test("a chain of stencils is stored on the way", () => {
  const program = programOf((x) => {
    for (let i = 0; i < 60; i++) {
      const [size] = x.shape;
      const moved = slice(x, [1], [size!], [1]);
      const zero = fullLike({ aval: x.aval.with({ shape: [] }) }, 0);
      x = add(x, pad(moved, zero, [[0, 1, 0]]));
    }
    return [x];
  }, [100]);
  const kernels = kernelsOf(program);
  assert(kernels.length > 1);
  for (const kernel of kernels) assert(nodesOf(kernel).size <= NODE_BUDGET);
  const total = kernels.reduce((n, kernel) => n + nodesOf(kernel).size, 0);
  assert(total < 2 * NODE_BUDGET, `${total} nodes`);
});

Deno.test("chains of reshapes need no division", () => {
  const chains: readonly (readonly Shape[])[] = [
    [[3, 8], [12, 2], [24]],
    [[3, 8], [2, 12]],
    [[24], [2, 3, 4], [6, 4]],
    [[2, 2, 6], [4, 6]],
  ];
  for (const chain of chains) {
    const program = programOf((x) => {
      for (const shape of chain) x = reshape(sin(x), shape);
      return [x];
    }, [6, 4]);
    assertNotMatch(formatProgram(program), /floor/);
  }
});

Deno.test("chains of thousands of equations do not overflow the stack", () => {
  const depth = 3000;
  const straight = programOf((x) => {
    for (let i = 0; i < depth; i++) x = add(x, fullLike(x, 0.5));
    return [x];
  }, [8]);
  assert(straight.steps.length < depth / 50);
  const products = programOf((x) => {
    for (let i = 0; i < depth; i++) x = product(x, x);
    return [x];
  }, [2, 2]);
  assertEquals(products.steps.length, depth);
});

Deno.test("a sum that other loops read is stored", () => {
  const program = programOf((x) => {
    const sums = rowSum(x);
    return [sum(mul(sums, sums), [0]), alongRows(sums, x)];
  }, [4, 10]);
  assertEquals(program.steps.length, 3);
});

Deno.test("costly values that two kernels share are stored, cheap ones are not", () => {
  const shared = (f: (x: NDArray) => NDArray) =>
    programOf((x) => [sum(f(x), [0]), sum(f(x), [1])], [40, 30]).steps.length;
  assertEquals(shared(exp), 3);
  assertEquals(shared((x) => add(x, x)), 2);
});

Deno.test("what is cheap to compute from a stored value is not stored too", () => {
  const program = programOf(
    (x, y) => {
      const out = tanh(product(x, y));
      const square = mul(out, out);
      return [sum(square, [0]), sum(mul(square, out), [1])];
    },
    [8, 8],
    [8, 4],
  );
  const [first] = kernelsOf(program);
  assertEquals(kindsOf(program), ["contract", "nest", "nest"]);
  assertEquals(first!.buffers.length, 3);
});

Deno.test("outputs that are inputs, literals or repeated", () => {
  const program = programOf((x) => {
    const y = sin(x);
    const one = fullLike({ aval: x.aval.with({ shape: [] }) }, 1);
    return [x, y, y, one, x];
  }, [3]);
  assertEquals(program.outputs.length, 5);
  const [x, y, again, one] = program.outputs;
  assertEquals(x, program.inputs[0]);
  assertEquals(y, again);
  assertEquals(program.buffers[one!]!.size, 1);
});
