/** Runs a test on each device that can take part in it. */

import "../../backends/mod.ts";
import { backendNamed, defaultDevice, devices } from "../../core/backend.ts";
import type { DType } from "../../core/dtype.ts";

/**
 * Registers `test` once for each device that has the dtypes it needs and
 * answers at once, with that device as the default one; `test` is told its name.
 */
export function eachBackend(
  name: string,
  test: (device: string) => void,
  { dtypes = ["float64"] }: { readonly dtypes?: readonly DType[] } = {},
): void {
  for (const device of devices()) {
    const backend = backendNamed(device);
    const ignore = !backend.readSync ||
      dtypes.some((dtype) => !backend.dtypes.has(dtype));
    Deno.test({
      name: `${name} (${device})`,
      ignore,
      fn: () => on(device, test),
    });
  }
}

/** Whether a device adds numbers one after the other, whatever else is fused. */
export function addsInOrder(device: string): boolean {
  return device === "interpreter";
}

function on(device: string, test: (device: string) => void): void {
  const before = defaultDevice();
  defaultDevice(device);
  try {
    test(device);
  } finally {
    defaultDevice(before);
  }
}
