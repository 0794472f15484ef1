/** The reference device: walks Programs in plain TypeScript, on ordinary memory. */

import type { Backend, Buffer } from "../../core/backend.ts";
import { DTYPES } from "../../core/dtype.ts";
import type { DType } from "../../core/dtype.ts";
import { compileProgram } from "./program.ts";

/** Memory of the interpreter: collected like any other value. */
export class HostBuffer implements Buffer {
  constructor(readonly memory: ArrayBuffer) {}

  get bytes(): number {
    return this.memory.byteLength;
  }
}

/** Opens the device. */
export function openInterpreter(): Backend {
  return {
    name: "interpreter",
    dtypes: new Set(Object.keys(DTYPES) as DType[]),
    limits: { bindings: Infinity, bytes: Infinity },
    put: (data) => new HostBuffer(data.slice().buffer),
    share: (buffer) => new HostBuffer(bytesOf(buffer).buffer as ArrayBuffer),
    free: () => {},
    read: (buffer) => Promise.resolve(bytesOf(buffer)),
    readSync: bytesOf,
    compile: (program) => {
      const run = compileProgram(program);
      return {
        run: (inputs) =>
          run(inputs.map((buffer) => (buffer as HostBuffer).memory))
            .map((memory) => new HostBuffer(memory)),
      };
    },
  };
}

function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array((buffer as HostBuffer).memory.slice(0));
}
