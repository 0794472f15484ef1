/** Which dtypes an operation accepts. */

import type { Aval } from "../aval.ts";
import { type Kind, kindOf } from "../dtype.ts";
import { ShapeError } from "../errors.ts";

/** Families of dtypes that an operation may accept, and how messages call them. */
const FAMILIES = {
  floats: { kinds: ["float"], called: "a floating-point dtype" },
  numbers: { kinds: ["float", "int", "uint"], called: "numbers" },
  integers: { kinds: ["int", "uint"], called: "an integer dtype" },
  bits: { kinds: ["int", "uint", "bool"], called: "integers or bools" },
} as const satisfies Record<
  string,
  { readonly kinds: readonly Kind[]; readonly called: string }
>;

/** Name of a family of dtypes. */
export type Family = keyof typeof FAMILIES;

/** Throws unless the dtype of `aval` belongs to a family. */
export function requireFamily(name: string, aval: Aval, family: Family): void {
  const { kinds, called } = FAMILIES[family];
  if ((kinds as readonly Kind[]).includes(kindOf(aval.dtype))) return;
  throw new ShapeError(
    `Cannot apply ${name} to ${aval}: needs ${called}. Convert it with astype()`,
  );
}
