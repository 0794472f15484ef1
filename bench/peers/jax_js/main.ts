/** jax-js as a peer, with its WebAssembly backend. */

import { defaultDevice, init } from "@jax-js/jax";
import { serve } from "../../harness/serve.ts";
import { ARRAY_TASKS } from "./array_tasks.ts";
import { SMALL_TASKS } from "./small_tasks.ts";
import { TRAINING_TASKS } from "./training_tasks.ts";

await init("wasm");
defaultDevice("wasm");
await serve({
  version: `${versionOf(import.meta.resolve("@jax-js/jax"))}, wasm`,
  tasks: { ...ARRAY_TASKS, ...SMALL_TASKS, ...TRAINING_TASKS },
});

/** The package does not say; the address that it was found at does. */
function versionOf(address: string): string {
  return address.match(/\/(\d+\.\d+\.\d+)\//)?.[1] ?? "version unknown";
}
