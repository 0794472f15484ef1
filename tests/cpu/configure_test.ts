import { assertEquals, assertThrows } from "@std/assert";
import { configureCpu, cpuSettings } from "../../backends/cpu/configure.ts";
import { smallMachine } from "./_small_machine.ts";

Deno.test("settings that are not named stay", () => {
  const before = cpuSettings();
  try {
    configureCpu({ threads: 3 });
    configureCpu({ memoryBudget: 2 ** 24 });
    const { threads, memoryBudget } = cpuSettings();
    assertEquals({ threads, memoryBudget }, {
      threads: 3,
      memoryBudget: 2 ** 24,
    });
  } finally {
    configureCpu({
      threads: before.threads,
      memoryBudget: before.memoryBudget,
    });
  }
});

Deno.test("impossible settings say what is possible, and change nothing", () => {
  const before = cpuSettings();
  for (
    const options of [
      { threads: 0 },
      { threads: 1.5 },
      { threads: 1000 },
      { threads: 1, memoryBudget: 1000 },
      { memoryBudget: 2 ** 33 },
      { memoryBudget: NaN },
    ]
  ) {
    assertThrows(() => configureCpu(options), RangeError, "integer from");
  }
  assertEquals(cpuSettings(), before);
});

Deno.test("a machine is resized while arrays are on it", () => {
  const { machine, backend } = smallMachine(2 ** 20);
  const values = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  const buffers = [1, 2, 3].map(() => backend.put(values));
  machine.resize({ threads: 2, memoryBudget: 400_000 });
  assertEquals(machine.pool.threads, 2);
  for (const buffer of buffers) {
    assertEquals(backend.readSync!(buffer), values);
  }
  machine.resize({ threads: 1, memoryBudget: 400_000 });
  assertEquals(machine.pool.threads, 1);
});
