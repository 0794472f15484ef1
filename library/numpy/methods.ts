/** Fills the table behind the methods of `NDArray`; imported for this effect. */

import { installMethods } from "../../core/methods.ts";
import * as methods from "./_array_methods.ts";

installMethods(methods);
