/**
 * Index arithmetic: sums of loops times strides, kept in a normal form.
 * Thousands are made in code not yet optimised, where loops that count are fast.
 *
 * Quotients of loops are the only other atoms; a remainder is written
 * `i - d * floor(i / d)`, so that quotient and remainder of one value cancel.
 */

import type { Node } from "./scalar.ts";

/** One loop of a kernel. Loops are shared by stages that do not nest. */
export class Loop {
  constructor(readonly extent: number, readonly id: number) {}
}

/** The quotient of an index, where it could not be simplified. */
export class Quotient {
  constructor(
    readonly index: Index,
    readonly divisor: number,
    readonly id: number,
  ) {}
}

/** An integer that a kernel computes, within known limits: a gathered index. */
export class Dynamic {
  constructor(
    readonly node: Node,
    readonly min: number,
    readonly max: number,
    readonly id: number,
  ) {}
}

/** What an index is a multiple of. */
export type IndexAtom = Loop | Quotient | Dynamic;

/** One of the summands of an index. */
export interface Term {
  readonly atom: IndexAtom;
  readonly stride: number;
}

/** `constant + sum(atom * stride)`; interned, so equal indices are identical. */
export class Index {
  readonly min: number;
  readonly max: number;
  private foundLoops: ReadonlySet<Loop> | null = null;

  constructor(
    readonly constant: number,
    readonly terms: readonly Term[],
    readonly id: number,
  ) {
    let min = constant;
    let max = constant;
    for (let i = 0; i < terms.length; i++) {
      const { atom, stride } = terms[i]!;
      const { low, high } = rangeOf(atom);
      min += stride * (stride > 0 ? low : high);
      max += stride * (stride > 0 ? high : low);
    }
    this.min = min;
    this.max = max;
  }

  /** The loops it depends on, by id. */
  get loops(): ReadonlySet<Loop> {
    return this.foundLoops ??= loopsOf(this.terms);
  }
}

function rangeOf(atom: IndexAtom): { low: number; high: number } {
  if (atom instanceof Loop) {
    return { low: 0, high: Math.max(0, atom.extent - 1) };
  }
  if (atom instanceof Dynamic) return { low: atom.min, high: atom.max };
  const { index, divisor } = atom;
  return {
    low: Math.floor(index.min / divisor),
    high: Math.floor(index.max / divisor),
  };
}

function loopsOf(terms: readonly Term[]): ReadonlySet<Loop> {
  const loops = new Set<Loop>();
  for (const { atom } of terms) {
    if (atom instanceof Loop) loops.add(atom);
    else {
      const { loops: own } = atom instanceof Dynamic ? atom.node : atom.index;
      for (const loop of own) loops.add(loop);
    }
  }
  return loops;
}

const modulo = (x: number, d: number) => x - d * Math.floor(x / d);

/** Loops of one iteration are always 0. */
function isPresent({ stride, atom }: Term): boolean {
  return stride !== 0 && !(atom instanceof Loop && atom.extent === 1);
}

/** The terms of a sum; those of both summands are sorted by atom. */
function sumOf(x: readonly Term[], y: readonly Term[]): readonly Term[] {
  if (x.length === 0) return y;
  const sum: Term[] = [];
  let i = 0;
  let j = 0;
  while (i < x.length && j < y.length) {
    const a = x[i]!;
    const b = y[j]!;
    if (a.atom === b.atom) {
      sum.push({ atom: a.atom, stride: a.stride + b.stride });
      i++;
      j++;
    } else if (a.atom.id < b.atom.id) {
      sum.push(a);
      i++;
    } else {
      sum.push(b);
      j++;
    }
  }
  while (i < x.length) sum.push(x[i++]!);
  while (j < y.length) sum.push(y[j++]!);
  return sum;
}

function scaled(terms: readonly Term[], factor: number): readonly Term[] {
  return factor === 1
    ? terms
    : terms.map(({ atom, stride }) => ({ atom, stride: stride * factor }));
}

/** Makes and combines the indices of one kernel. */
export class IndexSpace {
  private readonly indices = new Map<string, Index>();
  private readonly atoms = new Map<string, Quotient | Dynamic>();
  private ids = 0;

  /** The quotients that could not be simplified. */
  quotients(): readonly Quotient[] {
    return [...this.atoms.values()].filter((a) => a instanceof Quotient);
  }

  newLoop(extent: number): Loop {
    return new Loop(extent, this.ids++);
  }

  constant(value: number): Index {
    return this.intern(value, []);
  }

  of(atom: IndexAtom, stride = 1): Index {
    return this.intern(0, [{ atom, stride }]);
  }

  /** The value of a node that is known to lie in `[min, max]`. */
  dynamic(node: Node, min: number, max: number): Index {
    if (node.op === "index") return node.index;
    if (node.op === "const") return this.constant(node.value);
    const key = `d${node.id},${min},${max}`;
    let atom = this.atoms.get(key);
    if (!atom) {
      this.atoms.set(key, atom = new Dynamic(node, min, max, this.ids++));
    }
    return this.of(atom);
  }

  add(x: Index, y: Index): Index {
    if (y.terms.length === 0 && y.constant === 0) return x;
    if (x.terms.length === 0 && x.constant === 0) return y;
    return this.intern(x.constant + y.constant, sumOf(x.terms, y.terms));
  }

  scale(x: Index, factor: number): Index {
    if (factor === 1) return x;
    return this.intern(x.constant * factor, scaled(x.terms, factor));
  }

  /** The sum of some indices, each times a factor of its own. */
  weighted(indices: readonly Index[], factors: readonly number[]): Index {
    let constant = 0;
    let terms: readonly Term[] = [];
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      const factor = factors[i]!;
      constant += index.constant * factor;
      terms = sumOf(terms, scaled(index.terms, factor));
    }
    return this.intern(constant, terms);
  }

  /** `floor(x / divisor)`. */
  quotient(x: Index, divisor: number): Index {
    if (divisor === 1) return x;
    const whole = this.intern(
      Math.floor(x.constant / divisor),
      x.terms.filter((t) => t.stride % divisor === 0)
        .map(({ atom, stride }) => ({ atom, stride: stride / divisor })),
    );
    const rest = this.intern(
      modulo(x.constant, divisor),
      x.terms.filter((t) => t.stride % divisor !== 0),
    );
    return this.add(whole, this.quotientOfRest(rest, divisor));
  }

  remainder(
    x: Index,
    divisor: number,
    quotient: Index = this.quotient(x, divisor),
  ): Index {
    return this.add(x, this.scale(quotient, -divisor));
  }

  private quotientOfRest(x: Index, divisor: number): Index {
    const low = Math.floor(x.min / divisor);
    if (low === Math.floor(x.max / divisor)) return this.constant(low);
    const common = this.commonFactor(x, divisor);
    if (common) return this.quotient(common.index, divisor / common.factor);
    const key = `q${x.id},${divisor}`;
    let atom = this.atoms.get(key);
    if (!atom) this.atoms.set(key, atom = new Quotient(x, divisor, this.ids++));
    return this.of(atom);
  }

  /**
   * Writes `x = g * index + r` with `0 <= r < g` for a `g` that divides
   * `divisor`: then `floor(x / divisor) = floor(index / (divisor / g))`.
   */
  private commonFactor(
    x: Index,
    divisor: number,
  ): { readonly index: Index; readonly factor: number } | null {
    const factors = x.terms.map((t) => Math.abs(t.stride))
      .filter((s) => s > 1 && divisor % s === 0).sort((a, b) => b - a);
    for (const factor of factors) {
      const isMultiple = (t: Term) => t.stride % factor === 0;
      const rest = this.intern(
        modulo(x.constant, factor),
        x.terms.filter((t) => !isMultiple(t)),
      );
      if (rest.min < 0 || rest.max >= factor) continue;
      const index = this.intern(
        Math.floor(x.constant / factor),
        x.terms.filter(isMultiple)
          .map(({ atom, stride }) => ({ atom, stride: stride / factor })),
      );
      return { index, factor };
    }
    return null;
  }

  private intern(constant: number, terms: readonly Term[]): Index {
    const kept = terms.every(isPresent) ? terms : terms.filter(isPresent);
    let key = `${constant}`;
    for (let i = 0; i < kept.length; i++) {
      key += `,${kept[i]!.atom.id}*${kept[i]!.stride}`;
    }
    let index = this.indices.get(key);
    if (!index) {
      this.indices.set(
        key,
        index = new Index(constant, kept, this.indices.size),
      );
    }
    return index;
  }
}
