/** What a device must do for us, and which device is the present one. */

import type { DType } from "./dtype.ts";
import type { Program } from "./ir/program.ts";

/** Memory on a device. Only the backend that made it looks inside. */
export interface Buffer {
  readonly bytes: number;
}

/** A Program made ready to run on one device. */
export interface Executable {
  /** Runs the Program. Inputs that the Program says are donated may be overwritten. */
  run(inputs: readonly Buffer[]): readonly Buffer[];
}

/** A device. Work on it is ordered. */
export interface Backend {
  readonly name: string;
  readonly dtypes: ReadonlySet<DType>;
  readonly limits: { readonly bindings: number; readonly bytes: number };
  /** Copies bytes to the device. */
  put(data: Uint8Array): Buffer;
  /** A further handle on the same values: what happens to one does not show in the other. */
  share(buffer: Buffer): Buffer;
  /** Releases memory early; the collector would do it later. */
  free(buffer: Buffer): void;
  /** Copies bytes back, into an unshared `ArrayBuffer` of their own. */
  read(buffer: Buffer): Promise<Uint8Array>;
  /** As `read`; present where the device can answer without waiting for an event loop. */
  readSync?(buffer: Buffer): Uint8Array;
  /** Resolves when all work has been done, where work is not done at once. */
  finish?(): Promise<void>;
  /** Compiles kernels, loops and branches in order, with planned buffers. */
  compile(program: Program): Executable;
}

/** Opens a device; those that cannot do so at once return a promise. */
export type BackendOpener = () => Backend | Promise<Backend>;

const openers = new Map<string, BackendOpener>();
const details = new Map<string, () => string>();
const opened = new Map<string, Backend>();
let current: string | null = null;

/**
 * Makes a device available under a name.
 *
 * The first one registered is the default until `defaultDevice` chooses.
 * `describe` says in a few words what it runs on, before it is opened too.
 *
 * @throws {RangeError} If the name is taken.
 */
export function registerBackend(
  name: string,
  open: BackendOpener,
  describe?: () => string,
): void {
  if (openers.has(name)) {
    throw new RangeError(
      `Cannot register backend "${name}": the name is taken. Choose another`,
    );
  }
  openers.set(name, open);
  if (describe) details.set(name, describe);
  current ??= name;
}

/**
 * Opens devices that cannot be opened at once; all of them unless named.
 *
 * Unnecessary for those on the CPU.
 *
 * @throws {RangeError} If there is no device of a name.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { devices, init } from "@dinograd/dinograd";
 *
 * assertEquals(await init(), devices());
 * ```
 */
export async function init(
  ...names: readonly string[]
): Promise<readonly string[]> {
  const wanted = names.length > 0 ? names : devices();
  for (const name of wanted) {
    if (!opened.has(name)) opened.set(name, await openerOf(name)());
  }
  return wanted;
}

function openerOf(name: string): BackendOpener {
  const open = openers.get(name);
  if (open) return open;
  throw new RangeError(
    `Cannot use device "${name}": there is none of that name. ` +
      `Devices are: ${devices().join(", ")}`,
  );
}

/**
 * Names of the registered devices, the default first; with `details`, also what
 * each of them runs on, as in `cpu (2 threads, OpenBLAS 0.3.21)`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultDevice, devices } from "@dinograd/dinograd";
 *
 * assertEquals(devices()[0], defaultDevice());
 * console.log(devices({ details: true }).join("\n"));
 * ```
 */
export function devices(
  { details: isDetailed = false }: { readonly details?: boolean } = {},
): readonly string[] {
  const names = [
    current!,
    ...[...openers.keys()].filter((name) => name !== current),
  ];
  return isDetailed ? names.map(withDetails) : names;
}

function withDetails(name: string): string {
  const describe = details.get(name);
  return describe ? `${name} (${describe()})` : name;
}

/** The device named, opened at its first use. */
export function backendNamed(name: string): Backend {
  const known = opened.get(name);
  if (known) return known;
  const backend = openerOf(name)();
  if (backend instanceof Promise) {
    backend.catch(() => {});
    throw new TypeError(
      `Cannot use device "${name}" yet: it opens asynchronously. ` +
        `Call await init("${name}") first`,
    );
  }
  opened.set(name, backend);
  return backend;
}

/** The device on which uncommitted arrays live. */
export function currentBackend(): Backend {
  return backendNamed(current!);
}

/**
 * The name of the default device; with an argument, chooses it first.
 *
 * @throws {RangeError} If there is no device of that name.
 */
export function defaultDevice(name?: string): string {
  if (name !== undefined) {
    backendNamed(name);
    current = name;
  }
  return current!;
}
