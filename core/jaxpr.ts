/** Programs as data: variables, equations, and what can be asked of them. */

import type { NDArray } from "./array.ts";
import type { Aval } from "./aval.ts";
import { ConcreteArray } from "./concrete_array.ts";
import { ShapeError } from "./errors.ts";
import { inspectAsString } from "./inspect.ts";
import { formatJaxpr } from "./jaxpr_print.ts";
import type { AnyPrimitive } from "./primitive.ts";
import {
  identityOf,
  mixHash,
  type Structural,
  structuralEquals,
  structuralHash,
} from "./structural.ts";
import { StructuralMap } from "./structural_map.ts";
import { bind } from "./trace.ts";

/** The result of one equation, or an input of a jaxpr. */
export class Var {
  private static count = 0;
  /** Grows from one to the next. */
  readonly id: number = ++Var.count;

  /** A new variable, distinct from all others. */
  constructor(readonly aval: Aval) {}
}

/** A number in a program; always 0-d. */
export class Literal {
  /** The number `value`, of a 0-d aval. */
  constructor(readonly value: number, readonly aval: Aval) {}
}

/** What an equation may read. */
export type Atom = Var | Literal;

/** One application of a primitive. */
export interface Equation {
  /**
   * The operation, with all its rules.
   * @internal
   */
  readonly primitive: AnyPrimitive;
  /** What it reads. */
  readonly inputs: readonly Atom[];
  /** What else it depends on: plain data that compares by structure. */
  readonly params: unknown;
  /** What it defines. */
  readonly outputs: readonly Var[];
}

/**
 * A typed program without branches: inputs, equations in order, outputs. It is
 * closed: whatever it reads is an input, a literal or an earlier result.
 */
export class Jaxpr implements Structural {
  private hashed: number | null = null;
  private positions: ReadonlyMap<Var, number> | null = null;

  /** Checks nothing: see `checkJaxpr`. */
  constructor(
    readonly inputs: readonly Var[],
    readonly equations: readonly Equation[],
    readonly outputs: readonly Atom[],
  ) {}

  /** Avals of the inputs. */
  get inAvals(): readonly Aval[] {
    return this.inputs.map((v) => v.aval);
  }
  /** Avals of the outputs. */
  get outAvals(): readonly Aval[] {
    return this.outputs.map((v) => v.aval);
  }

  get hash(): number {
    return this.hashed ??= this.newHash();
  }

  /** Of the operations alone: which variable goes where, few programs differ in. */
  private newHash(): number {
    let hash = this.inputs.length;
    for (const { aval } of this.inputs) hash = mixHash(hash, aval.hash);
    for (const { primitive, inputs, params, outputs } of this.equations) {
      hash = mixHash(hash, identityOf(primitive));
      hash = mixHash(hash, structuralHash(params));
      for (const a of inputs) {
        if (a instanceof Literal) hash = mixHash(hash, structuralHash(a.value));
      }
      for (const { aval } of outputs) hash = mixHash(hash, aval.hash);
    }
    return hash;
  }

  /** Equal programs may differ in the identity of their variables only. */
  equals(other: unknown): boolean {
    return this === other ||
      (other instanceof Jaxpr && this.hash === other.hash &&
        this.equations.length === other.equations.length &&
        structuralEquals(this.canonical(), other.canonical()));
  }

  /** As JAX prints it. */
  toString(): string {
    return formatJaxpr(this);
  }

  /** Variables in order of definition: inputs, then results. */
  private numbering(): ReadonlyMap<Var, number> {
    if (this.positions) return this.positions;
    const positions = new Map<Var, number>();
    for (const v of this.inputs) positions.set(v, positions.size);
    for (const { outputs } of this.equations) {
      for (const v of outputs) positions.set(v, positions.size);
    }
    return this.positions = positions;
  }

  /** What equality compares: variables are replaced by their positions. */
  private canonical(): readonly unknown[] {
    const position = this.numbering();
    const atom = (a: Atom) =>
      a instanceof Literal ? [a.value, a.aval] : position.get(a)!;
    return [
      this.inAvals,
      this.equations.map((e) => [
        identityOf(e.primitive),
        e.inputs.map(atom),
        e.params,
        e.outputs.map((v) => v.aval),
      ]),
      this.outputs.map(atom),
    ];
  }
}

inspectAsString(Jaxpr.prototype);

const interned = new StructuralMap<Jaxpr, Jaxpr>({ limit: 4096 });

/**
 * The first jaxpr seen that equals `jaxpr`, so that what was derived from that
 * one (its compiled Program, its derivatives) is found again.
 */
export function internJaxpr(jaxpr: Jaxpr): Jaxpr {
  const known = interned.get(jaxpr);
  if (known) return known;
  interned.set(jaxpr, jaxpr);
  return jaxpr;
}

/** Memoises a form derived from a jaxpr, for each value of `key`. */
export function memoised<Key, Derived>(
  derive: (jaxpr: Jaxpr, key: Key) => Derived,
): (jaxpr: Jaxpr, key: Key) => Derived {
  const known = new WeakMap<Jaxpr, StructuralMap<Key, Derived>>();
  return (jaxpr, key) => {
    let forms = known.get(jaxpr);
    if (!forms) known.set(jaxpr, forms = new StructuralMap({ limit: 64 }));
    let derived = forms.get(key);
    if (derived === undefined) forms.set(key, derived = derive(jaxpr, key));
    return derived;
  };
}

/** Applies a jaxpr under the current trace. */
export function evalJaxpr(
  jaxpr: Jaxpr,
  args: readonly NDArray[],
): readonly NDArray[] {
  const values = new Map<Var, NDArray>();
  const read = (a: Atom): NDArray =>
    a instanceof Literal
      ? ConcreteArray.scalar(a.value, a.aval.dtype, a.aval.weakType)
      : values.get(a)!;
  jaxpr.inputs.forEach((v, i) => values.set(v, args[i]!));
  for (const { primitive, inputs, params, outputs } of jaxpr.equations) {
    const results = bind(primitive, inputs.map(read), params);
    outputs.forEach((v, i) => values.set(v, results[i]!));
  }
  return jaxpr.outputs.map(read);
}

/** The jaxprs inside the params of an equation. */
function innerJaxprs(
  { primitive, params }: Pick<Equation, "primitive" | "params">,
): readonly Jaxpr[] {
  return primitive.jaxprs?.(params) ?? [];
}

/** Names of mapped axes that an equation uses, itself or in a jaxpr inside. */
export function axisNamesOf(
  equation: Pick<Equation, "primitive" | "params">,
): readonly string[] {
  return [
    ...(equation.primitive.axisNames?.(equation.params) ?? []),
    ...innerJaxprs(equation).flatMap((inner) =>
      inner.equations.flatMap(axisNamesOf)
    ),
  ];
}

/**
 * Checks that variables are defined once and before use, and that the avals of
 * results are those that the primitives' rules give.
 *
 * @throws {ShapeError} Naming the first equation that is wrong.
 */
export function checkJaxpr(jaxpr: Jaxpr): void {
  const defined = new Set<Var>();
  const define = (v: Var) => {
    if (defined.has(v)) throw malformed(jaxpr, "a variable is defined twice");
    defined.add(v);
  };
  const use = (a: Atom) => {
    if (a instanceof Var && !defined.has(a)) {
      throw malformed(jaxpr, "a variable is used before it is defined");
    }
  };
  jaxpr.inputs.forEach(define);
  for (const equation of jaxpr.equations) {
    equation.inputs.forEach(use);
    const avals = equation.primitive.abstractEval(
      equation.inputs.map((a) => a.aval),
      equation.params,
    );
    equation.outputs.forEach((v, i) => {
      if (
        v.aval.with({ weakType: false }) !== avals[i]?.with({ weakType: false })
      ) {
        throw malformed(
          jaxpr,
          `${equation.primitive.name} gives ${avals[i]} where the program ` +
            `says ${v.aval}`,
        );
      }
    });
    innerJaxprs(equation).forEach(checkJaxpr);
    equation.outputs.forEach(define);
  }
  jaxpr.outputs.forEach(use);
}

function malformed(jaxpr: Jaxpr, reason: string): ShapeError {
  return new ShapeError(`Malformed jaxpr: ${reason}\n${jaxpr}`);
}
