/** What is asked of options that scripts pass unchecked. */

import type { DType } from "../../core/dtype.ts";
import type { DTypeOption } from "./array.ts";

/**
 * The dtype among the options of `what`.
 *
 * @throws {TypeError} If they are a dtype, as in NumPy: it must not be ignored.
 */
export function dtypeIn(what: string, options: DTypeOption): DType | undefined {
  if (typeof options === "object") return options.dtype;
  throw new TypeError(
    `Cannot use ${options} as the options of ${what}: write ` +
      `{ dtype: "${options}" }`,
  );
}
