/** Finds and opens a BLAS library of the system. Needs `--allow-ffi`. */

import { GEMM_SYMBOLS } from "./blas_phase.ts";

/** An opened library. */
export interface BlasLibrary {
  /** What it says it is, or else its file. */
  readonly name: string;
  readonly file: string;
}

/** Names under which libraries are installed; those that are tuned come first. */
const FILES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  darwin: [
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
    "libopenblas.dylib",
  ],
  windows: [
    "libopenblas.dll",
    "openblas.dll",
    "mkl_rt.2.dll",
    "mkl_rt.1.dll",
    "mkl_rt.dll",
  ],
};

/** Linux and other systems with numbered shared objects. */
const OTHER_FILES: readonly string[] = [
  "libopenblas.so.0",
  "libopenblasp.so.0",
  "libopenblas.so",
  "libmkl_rt.so.2",
  "libmkl_rt.so.1",
  "libmkl_rt.so",
  "libblis.so.4",
  "libblis.so",
  "libcblas.so.3",
  "libblas.so.3",
];

const SYMBOLS = {
  ...GEMM_SYMBOLS,
  openblas_get_config: { parameters: [], result: "pointer", optional: true },
  openblas_set_num_threads: {
    parameters: ["i32"],
    result: "void",
    optional: true,
  },
  MKL_Get_Version_String: {
    parameters: ["buffer", "i32"],
    result: "void",
    optional: true,
  },
  MKL_Set_Num_Threads: { parameters: ["i32"], result: "void", optional: true },
  bli_info_get_version_str: {
    parameters: [],
    result: "pointer",
    optional: true,
  },
  bli_thread_set_num_threads: {
    parameters: ["isize"],
    result: "void",
    optional: true,
  },
  /** Of Accelerate, since macOS 15: 1 is `BLAS_THREADING_SINGLE_THREADED`. */
  BLASSetThreading: { parameters: ["u32"], result: "i32", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Libraries stay open: their threads could not be told to leave. */
const opened = new Map<string, BlasLibrary>();

/**
 * The library in a file or, for `true`, the first one found under usual names.
 *
 * @throws {Error} If there is none, or no permission to open it.
 */
export function openBlas(wanted: true | string): BlasLibrary {
  if (typeof globalThis.Deno?.dlopen !== "function") {
    throw new Error(
      "Cannot use a system BLAS: this runtime has no Deno.dlopen. Run with " +
        "Deno, or do not ask for it",
    );
  }
  const files = wanted === true
    ? FILES[Deno.build.os] ?? OTHER_FILES
    : [wanted];
  if (!mayOpen()) throw notAllowed(files);
  const reasons: string[] = [];
  for (const file of files) {
    try {
      return openFile(file);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw wanted === true
    ? notFound(files, reasons)
    : notOpened(wanted, reasons[0]!);
}

/**
 * Looked up rather than tried: trying would ask whoever sits at the terminal.
 * Permission for one file is not enough, as pointers belong to no file.
 */
function mayOpen(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

function notAllowed(files: readonly string[]): Error {
  return new Error(
    `Cannot use a system BLAS (${files.join(", ")}): there is no permission ` +
      `to call foreign functions. Run with --allow-ffi (for all files), or do ` +
      `not ask for a BLAS in configureCpu() or DINOGRAD_BLAS`,
  );
}

function notFound(
  files: readonly string[],
  reasons: readonly string[],
): Error {
  const tried = files.map((file, i) => `\n  ${file}: ${reasons[i]}`).join("");
  return new Error(
    `Cannot find a system BLAS. Install one (Debian and Ubuntu: apt install ` +
      `libopenblas0-pthread), name its file as in configureCpu({ blas: ` +
      `"/path/to/libopenblas.so.0" }), or do not ask for it. Tried:${tried}`,
  );
}

function notOpened(file: string, reason: string): Error {
  return new Error(
    `Cannot use "${file}" as a BLAS: ${reason}. It must be a shared library ` +
      `that exports cblas_sgemm and cblas_dgemm with 32-bit integers; with ` +
      `blas: true, one is looked for`,
  );
}

function openFile(file: string): BlasLibrary {
  let library = opened.get(file);
  if (!library) opened.set(file, library = libraryOf(file));
  return library;
}

function libraryOf(file: string): BlasLibrary {
  const { symbols } = Deno.dlopen(file, SYMBOLS);
  const name = nameOf(symbols) ?? file;
  useOneThread(symbols);
  return { name, file };
}

/**
 * Our threads call it side by side. Its own would compete with them for cores:
 * those of OpenBLAS spin for 25 ms after each call.
 */
function useOneThread(symbols: Symbols): void {
  symbols.openblas_set_num_threads?.(1);
  symbols.MKL_Set_Num_Threads?.(1);
  symbols.bli_thread_set_num_threads?.(1n);
  symbols.BLASSetThreading?.(1);
}

function nameOf(symbols: Symbols): string | null {
  const config = textAt(symbols.openblas_get_config?.());
  if (config?.includes("USE64BITINT")) {
    throw new Error(`its integers have 64 bits (${config})`);
  }
  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": the rest is how it was built.
  if (config) return config.split(" ").slice(0, 2).join(" ");
  if (symbols.MKL_Get_Version_String) {
    const text = new Uint8Array(256);
    symbols.MKL_Get_Version_String(text, text.length);
    return new TextDecoder().decode(text.subarray(0, text.indexOf(0))).trim();
  }
  const version = textAt(symbols.bli_info_get_version_str?.());
  return version && `BLIS ${version}`;
}

function textAt(pointer: Deno.PointerValue | undefined): string | null {
  return pointer ? Deno.UnsafePointerView.getCString(pointer) : null;
}
