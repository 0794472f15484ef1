/** Choices between elements. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { isFloating } from "../../core/dtype.ts";
import { finfo } from "../../core/limits.ts";
import { compare, select as choose } from "../../core/ops/compare.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { inlined } from "../../transforms/inlined.ts";
import {
  broadcastShapes,
  broadcastTo,
  promoteDtypes,
  truth,
} from "../_promote.ts";

const choice = inlined("where", 3, ([which, ...xs]) => {
  const shape = broadcastShapes("where()", [
    which.shape,
    ...xs.map((x) => x.shape),
  ]);
  const [x, y] = promoteDtypes(xs).map((x) => broadcastTo(x, shape));
  return choose(broadcastTo(truth(which), shape), x!, y!);
});

/**
 * Elements of `x` where `condition` is true, else of `y`. Shapes broadcast.
 *
 * No NaN of the element that is not chosen reaches the result, but it may
 * reach derivatives: make operands safe before, not after.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.where(np.array([true, false]), np.array([1, 2]), 0).js(), [1, 0]);
 * ```
 */
export function where(
  condition: ArrayLike,
  x: ArrayLike,
  y: ArrayLike,
): NDArray {
  return choice(condition, x, y);
}

/**
 * For each element, the choice of the first condition that is true, else `fallback`.
 *
 * @throws {RangeError} If there are not as many conditions as choices.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.select([np.array([true, false])], [1], 5).js(), [1, 5]);
 * ```
 */
export function select(
  conditions: readonly ArrayLike[],
  choices: readonly ArrayLike[],
  fallback: ArrayLike = 0,
): NDArray {
  if (conditions.length === 0 || conditions.length !== choices.length) {
    throw new RangeError(
      `Cannot select by ${conditions.length} conditions from ` +
        `${choices.length} choices: needs as many of both, and at least one`,
    );
  }
  return conditions.reduceRight<ArrayLike>(
    (rest, condition, i) => where(condition, choices[i]!, rest),
    fallback,
  ) as NDArray;
}

/** What `nanToNum` puts in place of elements that are not numbers. */
export interface Replacements {
  /** For NaN; 0 unless given. */
  readonly nan?: number;
  /** For positive infinity; the largest finite number unless given. */
  readonly posinf?: number;
  /** For negative infinity; the least finite number unless given. */
  readonly neginf?: number;
}

const withoutSpecials = inlined(
  "nanToNum",
  1,
  ([x], nan: number, posinf: number | null, neginf: number | null) => {
    if (!isFloating(x.dtype)) return x;
    const { max, min } = finfo(x.dtype);
    const replaced = (y: NDArray, which: NDArray, value: number) =>
      choose(which, fullLike(y, value), y);
    const [high, low] = [fullLike(x, Infinity), fullLike(x, -Infinity)];
    const y = replaced(x, compare("eq", x, high), posinf ?? max);
    const z = replaced(y, compare("eq", x, low), neginf ?? min);
    return replaced(z, compare("ne", x, x), nan);
  },
);

/**
 * Elements with NaN and infinities replaced by numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.nanToNum(np.array([1, NaN])).js(), [1, 0]);
 * ```
 */
export function nanToNum(
  x: ArrayLike,
  { nan = 0, posinf, neginf }: Replacements = {},
): NDArray {
  return withoutSpecials(x, nan, posinf ?? null, neginf ?? null);
}
