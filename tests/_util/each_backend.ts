/** Runs a test on each device that can take part in it. */

import "../../backends/mod.ts";
import { backendNamed, defaultDevice, devices } from "../../core/backend.ts";
import type { DType } from "../../core/dtype.ts";

/**
 * Registers `test` once for each device that has the dtypes it needs and
 * answers at once, with that device as the default one.
 */
export function eachBackend(
  name: string,
  test: () => void,
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

function on(device: string, test: () => void): void {
  const before = defaultDevice();
  defaultDevice(device);
  try {
    test();
  } finally {
    defaultDevice(before);
  }
}
