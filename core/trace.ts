/** The current trace: what the application of a primitive means just now. */

import { NDArray } from "./array.ts";
import type { Aval } from "./aval.ts";
import { TracerError } from "./errors.ts";
import type { AnyPrimitive, Primitive } from "./primitive.ts";

/** Another meaning for the application of primitives. */
export interface Trace {
  /** False once the transform has returned: its tracers then throw. */
  readonly isOpen: boolean;
  /** What to call the transform in messages, such as `jit of loss`. */
  readonly label: string;
  process(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[];
}

/** An array that a transform follows through a function. */
export abstract class Tracer extends NDArray {
  constructor(readonly trace: Trace, readonly aval: Aval) {
    super();
  }

  override get device(): string {
    return "traced";
  }

  override toString(): string {
    return `Traced<${this.aval}> of ${this.trace.label}`;
  }
}

let current: Trace | null = null;
let base: Trace | null = null;

/** Sets the trace that evaluates; `dispatch.ts` calls it once. */
export function installBaseTrace(trace: Trace): void {
  base = current = trace;
}

/** The trace that meets the next `bind`. */
export function currentTrace(): Trace {
  return current!;
}

/** Whether operations are evaluated at once: no transform is under way. */
export function isEager(): boolean {
  return current === base;
}

/** Runs `f` with another current trace, and always restores the present one. */
export function withTrace<T>(trace: Trace, f: () => T): T {
  const outer = current;
  current = trace;
  try {
    return f();
  } finally {
    current = outer;
  }
}

/** Applies a primitive: every operation ends here. */
export function bind<Inputs extends readonly NDArray[], Params>(
  primitive: Primitive<Inputs, Params>,
  inputs: Inputs,
  params: Params,
): readonly NDArray[] {
  for (const x of inputs) {
    if (x instanceof Tracer) checkOpen(x, `apply ${primitive.name} to`);
  }
  return current!.process(primitive, inputs, params);
}

/** `bind` of a primitive with one output. */
export function bind1<Inputs extends readonly NDArray[], Params>(
  primitive: Primitive<Inputs, Params>,
  inputs: Inputs,
  params: Params,
): NDArray {
  return bind(primitive, inputs, params)[0]!;
}

/**
 * Throws if a tracer has outlived its transform; `action` says what it was to be used for.
 *
 * @throws {TracerError} If the transform has returned.
 */
export function checkOpen(x: Tracer, action: string): void {
  if (x.trace.isOpen) return;
  throw new TracerError(
    `Cannot ${action} a leaked tracer of shape [${x.shape}] ` +
      `and dtype ${x.dtype}: ${x.trace.label} has already returned. Return ` +
      `the value from the function instead of storing it outside`,
  );
}
