/** Adds two arrays, with the library as its sources are. */

import { numpy as np } from "../../../mod.ts";

console.log(np.array([1, 2, 3]).add(np.array([4, 5, 6])).js());
