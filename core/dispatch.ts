/** Eager evaluation: whatever runs, runs as a compiled Program, found in a cache. */

import type { NDArray } from "./array.ts";
import type { Aval } from "./aval.ts";
import {
  type Backend,
  type Buffer,
  currentBackend,
  type Executable,
} from "./backend.ts";
import { ConcreteArray } from "./concrete_array.ts";
import { TracerError } from "./errors.ts";
import { lower } from "./ir/lower.ts";
import { Jaxpr, Var } from "./jaxpr.ts";
import type { AnyPrimitive } from "./primitive.ts";
import { avalsOf, Signature } from "./signature.ts";
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
    const avals = avalsOf(inputs);
    return runJaxpr(jaxprOfOne(primitive, avals, params), inputs);
  }
}

installBaseTrace(new EvalTrace());

const ofOne = new WeakMap<AnyPrimitive, StructuralMap<Signature, Jaxpr>>();

/** The jaxpr of one equation. */
function jaxprOfOne(
  primitive: AnyPrimitive,
  avals: readonly Aval[],
  params: unknown,
): Jaxpr {
  let known = ofOne.get(primitive);
  if (!known) ofOne.set(primitive, known = new StructuralMap({ limit: 512 }));
  const key = new Signature(avals, params);
  let jaxpr = known.get(key);
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
    known.set(key, jaxpr);
  }
  return jaxpr;
}

/** A jaxpr made ready to run. */
interface Compiled {
  readonly backend: Backend;
  readonly donated: readonly boolean[];
  readonly executable: Executable;
  readonly outAvals: readonly Aval[];
}

/** How many forms of one jaxpr are kept: a few devices and donations. */
const FORMS = 16;
const NONE: readonly boolean[] = [];

let executables = new WeakMap<Jaxpr, Compiled[]>();

/** Forgets all compiled Programs. */
export function clearExecutables(): void {
  executables = new WeakMap();
}

/** Runs a jaxpr on concrete arrays; inputs marked in `donated` cannot be used again. */
export function runJaxpr(
  jaxpr: Jaxpr,
  inputs: readonly NDArray[],
  donated: readonly boolean[] = NONE,
): readonly NDArray[] {
  const arrays = inputs as readonly ConcreteArray[];
  const committed = deviceOf(inputs);
  const backend = committed ?? currentBackend();
  if (donated !== NONE) checkDonated(arrays, donated);
  const { executable, outAvals } = compiled(jaxpr, backend, donated);
  const buffers = new Array<Buffer>(arrays.length);
  for (let i = 0; i < buffers.length; i++) {
    buffers[i] = arrays[i]!.bufferOn(backend);
  }
  const results = executable.run(buffers);
  donated.forEach((isDonated, i) => isDonated && arrays[i]!.discard("donated"));
  const outs = new Array<NDArray>(results.length);
  for (let i = 0; i < outs.length; i++) {
    outs[i] = ConcreteArray.of(
      outAvals[i]!,
      results[i]!,
      backend,
      committed !== null,
    );
  }
  return outs;
}

function compiled(
  jaxpr: Jaxpr,
  backend: Backend,
  donated: readonly boolean[],
): Compiled {
  let forms = executables.get(jaxpr);
  if (!forms) executables.set(jaxpr, forms = []);
  for (const form of forms) {
    if (form.backend === backend && sameFlags(form.donated, donated)) {
      return form;
    }
  }
  const simplified = simplify(jaxpr);
  checkDtypes(simplified, backend);
  const { bindings } = backend.limits;
  const executable = backend.compile(lower(simplified, { donated, bindings }));
  const form = { backend, donated, executable, outAvals: jaxpr.outAvals };
  if (forms.push(form) > FORMS) forms.shift();
  return form;
}

function sameFlags(a: readonly boolean[], b: readonly boolean[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((flag, i) => flag === b[i]);
}

/** The device that inputs are bound to, `null` for any; all must be concrete. */
function deviceOf(inputs: readonly NDArray[]): Backend | null {
  let device: Backend | null = null;
  for (const x of inputs) {
    if (!(x instanceof ConcreteArray)) throw notConcrete(x);
    if (x.committed === null || x.committed === device) continue;
    if (device !== null) throw severalDevices(device, x.committed);
    device = x.committed;
  }
  return device;
}

function notConcrete(x: NDArray): TracerError {
  if (x instanceof Tracer) checkOpen(x, "evaluate");
  return new TracerError(
    `Cannot evaluate with ${x}: it belongs to a transform that is not the ` +
      `one under way. Pass it as an argument instead of closing over it`,
  );
}

function severalDevices({ name }: Backend, other: Backend): TypeError {
  return new TypeError(
    `Cannot combine arrays on devices "${name}" and "${other.name}": move ` +
      `one with devicePut(x, "${name}")`,
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
