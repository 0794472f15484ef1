/** Adds two arrays, with the library as it is delivered, which `deno task build` makes. */

// @ts-ignore: there is no such file before the first build
import { numpy as np } from "../../../dist/dinograd.js";

console.log(np.array([1, 2, 3]).add(np.array([4, 5, 6])).js());
