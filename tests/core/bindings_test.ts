import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import "../../backends/mod.ts";
import { backendNamed } from "../../core/backend.ts";
import { Aval } from "../../core/aval.ts";
import type { Jaxpr } from "../../core/jaxpr.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { stage } from "../../core/staging.ts";
import { lower } from "../../core/ir/lower.ts";
import type { Program, Step } from "../../core/ir/program.ts";
import { simplify } from "../../core/simplify.ts";

/** Buffers of the kernel that has most of them, loops and branches included. */
function mostBindings(steps: Program["steps"]): number {
  return steps.reduce((most, step: Step) => {
    switch (step.kind) {
      case "kernel":
        return Math.max(most, step.buffers.length);
      case "copy":
        return most;
      case "loop":
        return Math.max(
          most,
          mostBindings(step.body),
          mostBindings(step.condition?.steps ?? []),
        );
      case "branch":
        return Math.max(most, ...step.branches.map(mostBindings));
    }
  }, 0);
}

/** A program that combines twelve arrays, pair by pair as `choices` say, and gives the last four values. */
function combined(choices: readonly number[]): Jaxpr {
  const avals = Array.from({ length: 12 }, () => Aval.of([2, 3], "float64"));
  return stage(
    (...xs) => {
      const values = [...xs];
      for (const choice of choices) {
        const x = values[choice % values.length]!;
        const y = values[(choice >> 4) % values.length]!;
        values.push(choice % 3 ? add(x, y) : mul(x, sin(y)));
      }
      return values.slice(-4);
    },
    avals,
    "combined",
  ).jaxpr;
}

const choices = fc.array(fc.nat(0xfff), { minLength: 20, maxLength: 60 });

Deno.test("kernels keep to a device's limit of buffers, and compute the same", () => {
  const device = backendNamed("interpreter");
  const run = (program: Program, jaxpr: Jaxpr) => {
    const inputs = jaxpr.inputs.map((_, i) =>
      device.put(new Uint8Array(Float64Array.of(i, 1, -i, 2, i / 7, 3).buffer))
    );
    return device.compile(program).run(inputs).map((x) => device.readSync!(x));
  };
  let exceeded = 0;
  fc.assert(
    fc.property(choices, fc.integer({ min: 4, max: 8 }), (list, bindings) => {
      const jaxpr = simplify(combined(list));
      const [limited, free] = [lower(jaxpr, { bindings }), lower(jaxpr)];
      assert(mostBindings(limited.steps) <= bindings, String(jaxpr));
      if (mostBindings(free.steps) > bindings) exceeded++;
      assertEquals(run(limited, jaxpr), run(free, jaxpr));
    }),
    { numRuns: 100 },
  );
  assert(exceeded > 20, "too few programs reach the limit for it to be tested");
});
