import { assert } from "@std/assert";
import { numpy as np } from "../../mod.ts";

Deno.test("a loop that reads data lets timers run", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const end = performance.now() + 100;
  const x = np.array([1, 2]);
  while (performance.now() < end) await x.add(1).data();
  clearInterval(timer);
  assert(ticks > 2, `the timer ran ${ticks} times in 100 ms`);
});
