/** Which devices exist, and how each is opened. */

import { registerBackend } from "../core/backend.ts";
import { openInterpreter } from "./interpreter/open.ts";

registerBackend("interpreter", openInterpreter);
