import fc from "fast-check";
import { lower } from "../../core/ir/lower.ts";
import { simplify } from "../../core/simplify.ts";
import "../_util/array.ts";
import { randomJaxpr } from "../_util/random_jaxpr.ts";
import { checkProgram } from "./_check_program.ts";
import { bytesOf } from "./_run_kernel.ts";

for (const threads of [1, 3]) {
  Deno.test(`kernels of random Programs are those of the interpreter, bit for bit, on ${threads} thread(s)`, () =>
    fc.assert(
      fc.property(
        randomJaxpr({ exact: true, length: 16 }),
        ({ jaxpr, args }) =>
          checkProgram(lower(simplify(jaxpr)), args.map(bytesOf), { threads }),
      ),
      { numRuns: 100 },
    ));
}
