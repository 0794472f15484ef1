/** Adds two arrays. */

import { openWasm, tf } from "./open.ts";

await openWasm();
console.log(tf.tensor1d([1, 2, 3]).add(tf.tensor1d([4, 5, 6])).arraySync());
