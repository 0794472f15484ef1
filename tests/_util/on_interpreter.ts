/** Preloaded, makes the interpreter the default device of all tests. */

import "../../backends/mod.ts";
import { defaultDevice } from "../../core/backend.ts";

defaultDevice("interpreter");
