/** This library as a peer: `main.ts [DEVICE]`. */

import { defaultDevice, devices, init } from "../../../mod.ts";
import { serve } from "../../harness/serve.ts";
import { ARRAY_TASKS } from "./array_tasks.ts";
import { SMALL_TASKS } from "./small_tasks.ts";
import { TRAINING_TASKS } from "./training_tasks.ts";

// Named, a device is opened at once: what fails then is a peer that does not start.
const device = Deno.args[0] ?? defaultDevice();
await init(device);
defaultDevice(device);
await serve({
  version: devices({ details: true })[0]!,
  tasks: { ...ARRAY_TASKS, ...SMALL_TASKS, ...TRAINING_TASKS },
});
