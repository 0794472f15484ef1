/** Functions of elements: what turns a strict primitive into a lenient function. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { inlined } from "../../transforms/inlined.ts";
import {
  type Domain,
  promotedType,
  promoteDtypes,
  promoteOperands,
  strong,
} from "../_promote.ts";

/** A function of each element. */
export type Unary = (x: ArrayLike) => NDArray;

/** A function of each pair of elements; shapes broadcast and dtypes promote. */
export type Binary = (x: ArrayLike, y: ArrayLike) => NDArray;

/** The function `f` of arrays, of operands converted to a domain. */
export function unary(
  name: string,
  f: (x: NDArray) => NDArray,
  domain: Domain = "any",
): Unary {
  return inlined(name, 1, (xs) => f(promoteDtypes(xs, domain)[0]!));
}

/** The function `f` of arrays of one shape and dtype, of any operands. */
export function binary(
  name: string,
  f: (x: NDArray, y: NDArray) => NDArray,
  domain: Domain = "any",
): Binary {
  return inlined(name, 2, (xs) => {
    const [x, y] = promoteOperands(`${name}()`, xs, domain);
    const out = f(x!, y!);
    // An operand that only decides is no part of the result, but of its type.
    return promotedType(xs, domain).weakType ? out : strong(out);
  });
}
