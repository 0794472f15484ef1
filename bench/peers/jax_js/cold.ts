/** Adds two arrays. */

import { init, numpy as np } from "@jax-js/jax";

await init("wasm");
console.log(np.array([1, 2, 3]).add(np.array([4, 5, 6])).js());
