/** What could any WebAssembly program do here? */

import { type AnyRow, row } from "./row.ts";
import { MULTIPLY_ADDS_PER_CALL } from "../shared/limits.ts";

const copied = 256 * 2 ** 20;

export const LIMITS: readonly AnyRow[] = [1, 2].flatMap((threads) => [
  row(
    `limit: SIMD128 multiply-add, ${threads} thread${threads > 1 ? "s" : ""}`,
    "multiplyAdd",
    { threads },
    {
      unit: "GFLOP/s",
      work: 2 * MULTIPLY_ADDS_PER_CALL * threads,
      isLimit: true,
    },
  ),
  row(
    `limit: copy of 256 MiB, ${threads} thread${threads > 1 ? "s" : ""}`,
    "copy",
    { bytes: copied, threads },
    { unit: "GB/s", work: 2 * copied, isLimit: true }, // read and written
  ),
]);
