/** TensorFlow.js with its WebAssembly backend, on one thread: more do not start in Deno. */

import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

export { tf };

/** Opens the backend, whose binaries lie beside its main file. */
export async function openWasm(): Promise<void> {
  const main = import.meta.resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(new URL("./", main).pathname);
  setThreadsCount(1);
  await tf.setBackend("wasm");
}
