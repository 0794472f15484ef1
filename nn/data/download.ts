/**
 * Files that are fetched once, checked, and kept.
 *
 * @module
 */

import { writeAtomically } from "../../library/io/write_atomically.ts";

/** Thrown where data is neither at hand nor can be fetched. */
export class DataNotFoundError extends Error {
  /** Name of the class, as errors print it. */
  override name = "DataNotFoundError";
}

/** What `fetchCached` fetches, from where, to where. */
export type FetchOptions = {
  /** Addresses of the same file, tried in order. */
  readonly urls: readonly string[];
  /** Checksum of the file, 32 lower-case hexadecimal digits. */
  readonly md5: string;
  /** Milliseconds without a byte after which an address is given up: 20,000. */
  readonly patience?: number;
};

/**
 * Folder where this library keeps what it fetched: `dinograd` in
 * `XDG_CACHE_HOME`, else in the platform's usual folder for caches.
 *
 * Needs permission to read the environment.
 *
 * @throws {DataNotFoundError} If the environment names no such folder.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cacheFolder().endsWith("dinograd"), true);
 * ```
 */
export function cacheFolder(): string {
  const within = (variable: string, path: string) => {
    const folder = Deno.env.get(variable);
    return folder ? folder + path : undefined;
  };
  const parent = within("XDG_CACHE_HOME", "") ?? {
    darwin: () => within("HOME", "/Library/Caches"),
    windows: () => within("LOCALAPPDATA", ""),
    other: () => within("HOME", "/.cache"),
  }[platform()]();
  if (parent !== undefined) return `${parent}/dinograd`;
  throw new DataNotFoundError(
    "Cannot find a folder for caches: neither XDG_CACHE_HOME nor HOME is set. " +
      "Name a folder with the option `cache`",
  );
}

/**
 * Bytes of the file at `path`, fetched first if it is not there.
 *
 * A file that is there but has another checksum counts as absent. What was
 * fetched is checked before it is kept; a part of a file is never kept.
 *
 * @throws {DataNotFoundError} If no address gives the file with that checksum;
 * the message lists what was tried, and why each failed.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * await using server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen: () => {} },
 *   () => new Response("seven"),
 * );
 * const { bytes, from } = await fetchCached(
 *   `${await Deno.makeTempDir()}/digits/7.txt`,
 *   {
 *     urls: [`http://127.0.0.1:${server.addr.port}/7.txt`],
 *     md5: "bb3aec0fdcdbc2974890f805c585d432",
 *   },
 * );
 * assertEquals([new TextDecoder().decode(bytes), from], ["seven", "download"]);
 * ```
 */
export async function fetchCached(
  path: string,
  { urls, md5, patience = 20_000 }: FetchOptions,
): Promise<
  { readonly bytes: Uint8Array; readonly from: "cache" | "download" }
> {
  const kept = await readChecked(path, md5);
  if (kept !== null) return { bytes: kept, from: "cache" };

  const failures: string[] = [];
  for (const url of urls) {
    const bytes = await fetchBytes(url, patience).catch((error: Error) =>
      error
    );
    if (bytes instanceof Error) {
      failures.push(`${url}: ${reasonOf(bytes)}`);
      continue;
    }
    const actual = md5Of(bytes);
    if (actual !== md5) {
      failures.push(`${url}: its md5 is ${actual}, and should be ${md5}`);
      continue;
    }
    await Deno.mkdir(path.replace(/[^/\\]*$/, "") || ".", { recursive: true });
    await writeAtomically(path, bytes);
    return { bytes, from: "download" };
  }
  throw new DataNotFoundError(
    `Cannot fetch ${path}. Tried:\n` +
      failures.map((line) => `  ${line}\n`).join("") +
      "Fetch it by other means and put it there, or name a folder that has it",
  );
}

/**
 * Bytes of the file at `path`, or `null` if there is none of that checksum.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * assertEquals(
 *   await readChecked(path, "d41d8cd98f00b204e9800998ecf8427e"),
 *   new Uint8Array(0),
 * );
 * assertEquals(await readChecked(`${path}.absent`, "…"), null);
 * ```
 */
export async function readChecked(
  path: string,
  md5: string,
): Promise<Uint8Array | null> {
  try {
    const bytes = await Deno.readFile(path);
    return md5Of(bytes) === md5 ? bytes : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * MD5 checksum of `bytes`, 32 hexadecimal digits. It finds damage, not malice.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   md5Of(new TextEncoder().encode("seven")),
 *   "bb3aec0fdcdbc2974890f805c585d432",
 * );
 * ```
 */
export function md5Of(bytes: Uint8Array): string {
  // WebCrypto has no MD5, and a static import of node:crypto would cost every
  // script that never downloads anything.
  const { createHash } = globalThis.process.getBuiltinModule("node:crypto");
  return createHash("md5").update(bytes).digest("hex");
}

async function fetchBytes(url: string, patience: number): Promise<Uint8Array> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => controller.abort(new Error(`no byte came for ${patience} ms`)),
      patience,
    );
  };
  try {
    wait();
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the server said ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) {
      wait();
      chunks.push(chunk);
    }
    return await new Blob(chunks as BlobPart[]).bytes();
  } finally {
    clearTimeout(timer);
  }
}

/** "fetch failed" says little: the reason is in the cause. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function platform(): "darwin" | "windows" | "other" {
  const { os } = Deno.build;
  return os === "darwin" || os === "windows" ? os : "other";
}
