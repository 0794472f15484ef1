/** Which devices exist, and how each is opened. */

import { registerBackend } from "../core/backend.ts";
import { cpuDetails } from "./cpu/configure.ts";
import { openCpu } from "./cpu/open.ts";
import { openInterpreter } from "./interpreter/open.ts";

registerBackend("cpu", openCpu, cpuDetails);
registerBackend("interpreter", openInterpreter);
