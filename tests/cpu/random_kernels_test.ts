import fc from "fast-check";
import { lower } from "../../core/ir/lower.ts";
import { simplify } from "../../core/simplify.ts";
import "../_util/array.ts";
import { randomJaxpr } from "../_util/random_jaxpr.ts";
import { checkProgram } from "./_check_program.ts";
import { bytesOf } from "./_run_kernel.ts";

for (const shapes of ["small", "large"] as const) {
  Deno.test(`kernels of random Programs of ${shapes} arrays are those of the interpreter, bit for bit`, () =>
    fc.assert(
      fc.property(
        randomJaxpr({ exact: true, length: 16, shapes }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        ({ jaxpr, args }, threads, isDonated) => {
          const donated = args.map(() => isDonated);
          const program = lower(simplify(jaxpr), { donated });
          checkProgram(program, args.map(bytesOf), { threads });
        },
      ),
      { numRuns: shapes === "small" ? 150 : 60 },
    ));
}
