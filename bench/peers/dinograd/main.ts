/** This library as a peer: `main.ts [DEVICE]`. */

import { defaultDevice, init } from "../../../mod.ts";
import { serve } from "../../harness/serve.ts";
import { ARRAY_TASKS } from "./array_tasks.ts";
import { SMALL_TASKS } from "./small_tasks.ts";
import { TRAINING_TASKS } from "./training_tasks.ts";

const [device] = Deno.args;
if (device) {
  await init(device);
  defaultDevice(device);
}
await serve({
  version: `device ${defaultDevice()}`,
  tasks: { ...ARRAY_TASKS, ...SMALL_TASKS, ...TRAINING_TASKS },
});
