/** Laws that every operation obeys, checked on given inputs. */

import type { NDArray } from "../../core/array.ts";
import { reshape } from "../../core/ops/layout.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { arrayOf } from "./array.ts";
import { assertClose } from "./assert_close.ts";

/** A function of arrays with one result. */
export type Op = (...args: NDArray[]) => NDArray;

/** Asserts that jit(f) is f, to the bit. */
export function checkJit(f: Op, args: readonly NDArray[]): void {
  assertClose(jit(f)(...args), f(...args), { tolerance: 0 });
}

/**
 * Asserts that vmap(f) is the stack of f over the first axes of `args`: with
 * all of them mapped, and with each of them kept fixed in turn.
 */
export function checkVmap(f: Op, args: readonly NDArray[]): void {
  const all = args.map(() => true);
  const patterns = [all, ...args.map((_, i) => all.with(i, false))];
  for (const mapped of patterns.filter((p) => p.some(Boolean))) {
    const fixed = args.map((x, i) => mapped[i] ? x : row(x, 0));
    const axes = mapped.map((is) => is ? 0 : null);
    const batched = vmap(f, axes)(...fixed);
    for (let i = 0; i < args[0]!.shape[0]!; i++) {
      const alone = f(...fixed.map((x, j) => mapped[j] ? row(x, i) : x));
      assertClose(row(batched, i), alone, { tolerance: 1e-12 });
    }
  }
}

/** Element `i` of the first axis. */
export function row(x: NDArray, i: number): NDArray {
  const [, ...shape] = x.shape;
  const size = shape.reduce((n, extent) => n * extent, 1);
  const values = Array.from(x.dataSync()).slice(i * size, (i + 1) * size);
  return reshape(arrayOf([size], values, x.dtype), shape);
}
