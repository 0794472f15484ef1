/** Keys of caches by what a function received: the avals of its arrays, and all else. */

import type { Aval } from "./aval.ts";
import {
  mixHash,
  type Structural,
  structuralEquals,
  structuralHash,
} from "./structural.ts";

/** Avals, which compare by identity, and other values, which do by structure. */
export class Signature implements Structural {
  /** Neither `avals` nor `rest` may change afterwards. */
  constructor(readonly avals: readonly Aval[], readonly rest: unknown) {}

  get hash(): number {
    let hash = structuralHash(this.rest);
    for (const aval of this.avals) hash = mixHash(hash, aval.hash);
    return hash;
  }

  /** Whether `other` has the same avals and an equal rest. */
  equals(other: unknown): boolean {
    return other instanceof Signature && sameAvals(this.avals, other.avals) &&
      structuralEquals(this.rest, other.rest);
  }
}

function sameAvals(a: readonly Aval[], b: readonly Aval[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The avals of arrays, in order. */
export function avalsOf(
  arrays: readonly { readonly aval: Aval }[],
): readonly Aval[] {
  const avals = new Array<Aval>(arrays.length);
  for (let i = 0; i < arrays.length; i++) avals[i] = arrays[i]!.aval;
  return avals;
}
