/** TensorFlow.js as a peer. */

import { serve } from "../../harness/serve.ts";
import { ARRAY_TASKS } from "./array_tasks.ts";
import { openWasm, tf } from "./open.ts";
import { SMALL_TASKS } from "./small_tasks.ts";
import { TRAINING_TASKS } from "./training_tasks.ts";

await openWasm();
await serve({
  version: `${tf.version.tfjs}, ${tf.getBackend()}`,
  tasks: { ...ARRAY_TASKS, ...SMALL_TASKS, ...TRAINING_TASKS },
});
