/** Eager evaluation: whatever runs, runs as a compiled Program, found in a cache. */

import type { NDArray } from "./array.ts";
import type { Aval } from "./aval.ts";
import { type Backend, currentBackend, type Executable } from "./backend.ts";
import { ConcreteArray } from "./concrete_array.ts";
import { TracerError } from "./errors.ts";
import { lower } from "./ir/lower.ts";
import { Jaxpr, Var } from "./jaxpr.ts";
import type { AnyPrimitive } from "./primitive.ts";
import { simplify } from "./simplify.ts";
import { StructuralMap } from "./structural_map.ts";
import { checkOpen, installBaseTrace, type Trace, Tracer } from "./trace.ts";

/** The trace below all others: evaluates. */
class EvalTrace implements Trace {
  readonly isOpen = true;
  readonly label = "evaluation";

  process(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[] {
    if (primitive.evaluate) return primitive.evaluate(inputs, params);
    return runJaxpr(
      jaxprOfOne(primitive, inputs.map((x) => x.aval), params),
      inputs,
    );
  }
}

installBaseTrace(new EvalTrace());

const ofOne = new StructuralMap<readonly unknown[], Jaxpr>({ limit: 4096 });

/** The jaxpr of one equation. */
function jaxprOfOne(
  primitive: AnyPrimitive,
  avals: readonly Aval[],
  params: unknown,
): Jaxpr {
  const key = [primitive, params, avals];
  let jaxpr = ofOne.get(key);
  if (!jaxpr) {
    const inputs = avals.map((aval) => new Var(aval));
    const outputs = primitive.abstractEval(avals, params).map((aval) =>
      new Var(aval)
    );
    jaxpr = new Jaxpr(
      inputs,
      [{ primitive, inputs, params, outputs }],
      outputs,
    );
    ofOne.set(key, jaxpr);
  }
  return jaxpr;
}

interface Compiled {
  readonly executable: Executable;
  readonly outAvals: readonly Aval[];
}

let executables = new WeakMap<
  Jaxpr,
  StructuralMap<readonly unknown[], Compiled>
>();

/** Forgets all compiled Programs. */
export function clearExecutables(): void {
  executables = new WeakMap();
}

/** Runs a jaxpr on concrete arrays; inputs marked in `donated` cannot be used again. */
export function runJaxpr(
  jaxpr: Jaxpr,
  inputs: readonly NDArray[],
  { donated = [] }: { readonly donated?: readonly boolean[] } = {},
): readonly NDArray[] {
  const arrays = inputs.map(requireConcrete);
  const committed = arrays.find((x) => x.committed)?.committed ?? null;
  const backend = committed ?? currentBackend();
  checkDevices(arrays, backend);
  checkDonated(arrays, donated);
  const { executable, outAvals } = compiled(jaxpr, backend, donated);
  const buffers = arrays.map((x) => x.bufferOn(backend));
  const results = executable.run(buffers);
  donated.forEach((isDonated, i) => isDonated && arrays[i]!.discard("donated"));
  return outAvals.map((aval, i) =>
    ConcreteArray.of(aval, results[i]!, backend, committed !== null)
  );
}

function compiled(
  jaxpr: Jaxpr,
  backend: Backend,
  donated: readonly boolean[],
): Compiled {
  let forms = executables.get(jaxpr);
  if (!forms) executables.set(jaxpr, forms = new StructuralMap({ limit: 16 }));
  const key = [backend.name, donated];
  let form = forms.get(key);
  if (!form) {
    const simplified = simplify(jaxpr);
    checkDtypes(simplified, backend);
    const { bindings } = backend.limits;
    form = {
      executable: backend.compile(lower(simplified, { donated, bindings })),
      outAvals: jaxpr.outAvals,
    };
    forms.set(key, form);
  }
  return form;
}

function requireConcrete(x: NDArray): ConcreteArray {
  if (x instanceof ConcreteArray) return x;
  if (x instanceof Tracer) checkOpen(x, "evaluate");
  throw new TracerError(
    `Cannot evaluate with ${x}: it belongs to a transform that is not the ` +
      `one under way. Pass it as an argument instead of closing over it`,
  );
}

function checkDevices(
  arrays: readonly ConcreteArray[],
  backend: Backend,
): void {
  const other = arrays.find((x) => x.committed && x.committed !== backend);
  if (!other) return;
  throw new TypeError(
    `Cannot combine arrays on devices "${backend.name}" and ` +
      `"${
        other.committed!.name
      }": move one with devicePut(x, "${backend.name}")`,
  );
}

function checkDonated(
  arrays: readonly ConcreteArray[],
  donated: readonly boolean[],
): void {
  const twice = arrays.find((x, i) =>
    donated[i] && arrays.indexOf(x) !== arrays.lastIndexOf(x)
  );
  if (!twice) return;
  throw new TypeError(
    `Cannot donate an array of shape [${twice.shape}] that is passed twice: ` +
      `its memory has one owner. Pass a copy, or leave it out of donateArgnums`,
  );
}

function checkDtypes(jaxpr: Jaxpr, backend: Backend): void {
  const atoms = [...jaxpr.inputs, ...jaxpr.equations.flatMap((e) => e.outputs)];
  const bad = atoms.find((v) => !backend.dtypes.has(v.aval.dtype));
  if (!bad) return;
  throw new TypeError(
    `Cannot use ${bad.aval.dtype} on device "${backend.name}", which has no ` +
      `such dtype. Convert with astype(), or use another device`,
  );
}
