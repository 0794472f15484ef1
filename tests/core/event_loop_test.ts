import { assert } from "@std/assert";
import { numpy as np } from "../../mod.ts";

Deno.test("a loop that reads data lets timers run", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  // How often depends on the machine; without turns, never.
  const end = performance.now() + 10_000;
  const x = np.array([1, 2]);
  while (ticks < 3 && performance.now() < end) await x.add(1).data();
  clearInterval(timer);
  assert(ticks >= 3, `the timer ran ${ticks} times`);
});
