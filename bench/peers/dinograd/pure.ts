/** Tasks that are one function of arrays. */

import type { NDArray } from "../../../mod.ts";
import type { Prepared } from "../../harness/peer.ts";
import { digestOf } from "./arrays.ts";

/** The task of calling `f` on the same inputs. Work is done when `f` returns. */
export function pure(
  f: (...inputs: NDArray[]) => NDArray | readonly NDArray[],
  inputs: readonly NDArray[],
): Prepared {
  const run = () => [f(...inputs)].flat() as NDArray[];
  return { run, check: () => digestOf(...run()) };
}

/** The task of reading a number that `f` returns. */
export function reading(f: () => NDArray): Prepared {
  return { run: () => f().item(), check: () => [f().item()] };
}

/** The task of calling `f` on its own result. */
export function chained(f: (x: NDArray) => NDArray, x: NDArray): Prepared {
  let state = x;
  return {
    run: () => {
      state = f(state);
    },
    finish: () => state.dataSync(),
    check: () => digestOf(f(x)),
  };
}
