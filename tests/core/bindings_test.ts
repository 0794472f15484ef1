import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import "../../backends/mod.ts";
import { backendNamed } from "../../core/backend.ts";
import type { ConcreteArray } from "../../core/concrete_array.ts";
import "../../core/dispatch.ts";
import { evalJaxpr } from "../../core/jaxpr.ts";
import { lower } from "../../core/ir/lower.ts";
import type { Program, Step } from "../../core/ir/program.ts";
import { simplify } from "../../core/simplify.ts";
import { randomJaxpr } from "../_util/random_jaxpr.ts";

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

Deno.test("kernels keep to a device's limit of buffers, and compute the same", () => {
  const device = backendNamed("interpreter");
  fc.assert(
    fc.property(
      randomJaxpr({ length: 25 }),
      fc.integer({ min: 5, max: 8 }),
      ({ jaxpr, args }, bindings) => {
        const program = lower(simplify(jaxpr), { bindings });
        assert(mostBindings(program.steps) <= bindings, String(jaxpr));
        const inputs = args.map((x) => (x as ConcreteArray).bufferOn(device));
        const outs = device.compile(program).run(inputs);
        const expected = evalJaxpr(jaxpr, args);
        expected.forEach((x, i) => {
          const buffer = (x as ConcreteArray).bufferOn(device);
          assertEquals(device.readSync!(outs[i]!), device.readSync!(buffer));
        });
      },
    ),
    { numRuns: 150 },
  );
});
