/**
 * Writing a file so that it is there whole, or not at all.
 *
 * @module
 */

/**
 * Writes `bytes` to the file `path`, and replaces what was there.
 *
 * They go to a temporary file in the same folder first, which then takes the
 * name: whoever opens `path`, even after a crash or a full disk, finds the old
 * bytes or the new ones, never a part. The temporary file is removed on failure.
 *
 * @throws {Error} If the file cannot be written; its `cause` says why.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/model.bin`;
 * await writeAtomically(path, new Uint8Array([1, 2, 3]));
 * assertEquals(await Deno.readFile(path), new Uint8Array([1, 2, 3]));
 * ```
 */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.part`;
  try {
    await writeThrough(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {}); // it may never have existed
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`Cannot write ${path}: ${reason}`, { cause });
  }
}

/** Writes a new file, and returns when the bytes are on the disk. */
async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let done = 0; done < bytes.length;) {
    done += await file.write(bytes.subarray(done));
  }
  // Else a crash soon after the rename could leave an empty file of that name.
  await file.sync();
}
