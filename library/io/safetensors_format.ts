/**
 * The safetensors format: named tensors as bytes, and back.
 *
 * A file is the length of its header (8 bytes, little-endian), the header (JSON
 * with dtype, shape and place of each tensor), and the tensors' bytes without
 * gaps. Nothing here knows of arrays or files.
 *
 * @see https://github.com/huggingface/safetensors#format
 * @module
 */

import { type DType, itemSize } from "../../core/dtype.ts";

/** A tensor of a safetensors file. */
export type SafetensorsEntry = {
  /** Type of the elements. */
  readonly dtype: DType;
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** The elements in row-major order, little-endian. */
  readonly bytes: Uint8Array;
};

/** What a safetensors file holds. */
export type SafetensorsContent = {
  /** The tensors by name, in the order of their bytes. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** Texts by name, such as the version of what wrote the file. */
  readonly metadata: Readonly<Record<string, string>>;
};

/** Thrown where bytes are not a valid safetensors file, or cannot become one. */
export class SafetensorsError extends Error {
  /** Name of the class, as errors print it. */
  override name = "SafetensorsError";
}

/** What the header says of a tensor. */
type Place = {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
};

const FORMAT_NAMES: Readonly<Record<DType, string>> = {
  bool: "BOOL",
  uint8: "U8",
  uint16: "U16",
  uint32: "U32",
  int8: "I8",
  int16: "I16",
  int32: "I32",
  bfloat16: "BF16",
  float16: "F16",
  float32: "F32",
  float64: "F64",
};

const DTYPES_BY_NAME: ReadonlyMap<unknown, DType> = new Map(
  Object.entries(FORMAT_NAMES).map(([dtype, name]) => [name, dtype as DType]),
);

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The safetensors file that holds `entries` and `metadata`.
 *
 * Tensors are ordered by descending size of an element, then by name, as the
 * reference implementation does: so each is aligned, and equal content gives
 * equal bytes.
 *
 * @throws {SafetensorsError} If the bytes of an entry do not fit its shape and
 * dtype, or a name is reserved or is not valid Unicode.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(new Float32Array([1, 2]).buffer);
 * const entry = { dtype: "float32", shape: [2], bytes } as const;
 * const file = encodeSafetensors(new Map([["weight", entry]]));
 * assertEquals(decodeSafetensors(file).entries.get("weight"), entry);
 * ```
 */
export function encodeSafetensors(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...entries].sort(([nameA, a], [nameB, b]) =>
    itemSize(b.dtype) - itemSize(a.dtype) || (nameA < nameB ? -1 : 1)
  );
  for (const [name, entry] of ordered) checkEntry(name, entry);

  const header = encodeHeader(ordered, metadata);
  const size = ordered.reduce((sum, [, { bytes }]) => sum + bytes.length, 0);
  const file = new Uint8Array(LENGTH_BYTES + header.length + size);
  const length = BigInt(header.length);
  new DataView(file.buffer).setBigUint64(0, length, true);
  file.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}

/**
 * The tensors and the metadata of a safetensors file.
 *
 * The bytes of a tensor are a view of `file`, copied only where they are not
 * aligned to their elements.
 *
 * @throws {SafetensorsError} If the file is damaged or has a dtype that is not
 * supported. The message says what is wrong with which tensor.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const file = encodeSafetensors(new Map(), { step: "12" });
 * assertEquals(decodeSafetensors(file).metadata, { step: "12" });
 * assertThrows(() => decodeSafetensors(file.subarray(0, 9)), SafetensorsError);
 * ```
 */
export function decodeSafetensors(file: Uint8Array): SafetensorsContent {
  const headerEnd = LENGTH_BYTES + headerLength(file);
  const header = parseHeader(file.subarray(LENGTH_BYTES, headerEnd));
  const metadata = metadataOf(header.get(METADATA));
  header.delete(METADATA);

  const data = file.subarray(headerEnd);
  const places = [...header].map(([name, info]) => placeOf(name, info))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkPlaces(places, data.length);
  return {
    entries: new Map(places.map((p) => [p.name, read(p, data)])),
    metadata,
  };
}

// ------------------------------------------------------------------ Encoding

function checkEntry(name: string, { dtype, shape, bytes }: SafetensorsEntry) {
  const fail = (why: string) =>
    new SafetensorsError(`Cannot write tensor ${JSON.stringify(name)}: ${why}`);
  if (name === METADATA) throw fail("the format reserves this name");
  if (!name.isWellFormed()) throw fail("its name is not valid Unicode");
  if (!isShape(shape)) throw fail(`[${shape}] is not a shape`);
  const needed = byteLength(shape, dtype);
  if (bytes.length !== needed) {
    throw fail(
      `${bytes.length} bytes given, shape [${shape}] of ${dtype} needs ${needed}`,
    );
  }
}

function encodeHeader(
  entries: readonly (readonly [string, SafetensorsEntry])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Joined by hand: an object would reorder keys such as "0".
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) {
    metadataOf(metadata);
    fields.push(`"${METADATA}":${JSON.stringify(metadata)}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of entries) {
    const place = {
      dtype: FORMAT_NAMES[dtype],
      shape,
      data_offsets: [offset, offset += bytes.length],
    };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(place)}`);
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  if (padded > MAX_HEADER_BYTES) {
    throw new SafetensorsError(
      `Cannot write a safetensors header of ${padded} bytes: the format ` +
        `allows ${MAX_HEADER_BYTES}`,
    );
  }
  const out = new Uint8Array(padded).fill(" ".charCodeAt(0));
  out.set(header);
  return out;
}

// ------------------------------------------------------------------ Decoding

function unreadable(why: string, options?: ErrorOptions): SafetensorsError {
  return new SafetensorsError(`Cannot read safetensors file: ${why}`, options);
}

function headerLength(file: Uint8Array): number {
  if (file.length < LENGTH_BYTES) {
    throw unreadable(
      `it has ${file.length} bytes, and needs ${LENGTH_BYTES} for the length ` +
        `of its header`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw unreadable(
      `its header would have ${length} bytes, and the format allows ` +
        `${MAX_HEADER_BYTES}; this is probably another kind of file`,
    );
  }
  const left = file.length - LENGTH_BYTES;
  if (length > left) {
    throw unreadable(
      `its header should have ${length} bytes, and only ${left} follow; the ` +
        `file is truncated or of another kind`,
    );
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array): Map<string, unknown> {
  if (bytes[0] !== "{".charCodeAt(0)) {
    throw unreadable(`its header does not begin with "{"`);
  }
  let json: string;
  let header: unknown;
  try {
    json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(json);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw unreadable(`its header is not valid JSON (${reason})`, { cause });
  }
  const duplicate = duplicateKey(json);
  if (duplicate !== null) {
    throw unreadable(`its header has the key ${duplicate} twice`);
  }
  return new Map(Object.entries(header as object));
}

/** A key that occurs twice in one object: `JSON.parse` keeps the last, silently. */
function duplicateKey(json: string): string | null {
  const scopes: Set<string>[] = [];
  for (const [token, key] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:?|[{}]/g)) {
    if (token === "{") scopes.push(new Set());
    else if (token === "}") scopes.pop();
    else if (token.endsWith(":")) {
      const name: string = JSON.parse(key!); // "a" can also be spelled "\u0061"
      const keys = scopes.at(-1)!;
      if (keys.has(name)) return key!;
      keys.add(name);
    }
  }
  return null;
}

function metadataOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const valid = isRecord(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (!valid) {
    throw new SafetensorsError(
      `Metadata of a safetensors file must be an object of texts, and is ` +
        JSON.stringify(value),
    );
  }
  return value as Record<string, string>;
}

function placeOf(name: string, info: unknown): Place {
  const fail = (why: string) =>
    unreadable(`tensor ${JSON.stringify(name)} ${why}`);
  if (!isRecord(info)) {
    throw fail(`should be an object, and is ${JSON.stringify(info)}`);
  }
  const { dtype: formatName, shape, data_offsets: offsets } = info;
  const dtype = DTYPES_BY_NAME.get(formatName);
  if (dtype === undefined) {
    throw fail(
      `has the dtype ${JSON.stringify(formatName)}; supported are ` +
        [...DTYPES_BY_NAME.keys()].join(", "),
    );
  }
  if (!isShape(shape)) {
    throw fail(`has ${JSON.stringify(shape)} for a shape`);
  }
  if (!isShape(offsets) || offsets.length !== 2) {
    throw fail(`has ${JSON.stringify(offsets)} for data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = byteLength(shape, dtype);
  if (end - begin !== needed) {
    throw fail(
      `has bytes ${begin} to ${end}, shape [${shape}] of ${formatName} needs ` +
        `${needed} of them`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors must cover the data in order, each byte once. */
function checkPlaces(places: readonly Place[], size: number): void {
  let covered = 0;
  for (const { name, begin, end } of places) {
    const tensor = `tensor ${JSON.stringify(name)}`;
    if (end > size) {
      throw unreadable(
        `${tensor} has bytes ${begin} to ${end}, and there are only ${size}; ` +
          `the file may be truncated`,
      );
    }
    if (begin !== covered) {
      const fault = begin < covered ? "overlaps" : "leaves a gap after";
      throw unreadable(
        `${tensor} begins at byte ${begin} and ${fault} what ends at ${covered}`,
      );
    }
    covered = end;
  }
  if (covered !== size) {
    throw unreadable(`${size - covered} bytes at its end belong to no tensor`);
  }
}

function read({ name, dtype, shape, begin, end }: Place, data: Uint8Array) {
  const view = data.subarray(begin, end);
  const aligned = view.byteOffset % itemSize(dtype) === 0;
  const bytes = aligned ? view : view.slice();
  const odd = dtype === "bool" ? bytes.find((byte) => byte > 1) : undefined;
  if (odd !== undefined) {
    throw unreadable(
      `tensor ${JSON.stringify(name)} has the byte ${odd}, where BOOL allows ` +
        `0 and 1`,
    );
  }
  return { dtype, shape, bytes };
}

function byteLength(shape: readonly number[], dtype: DType): number {
  return shape.reduce((size, n) => size * n, itemSize(dtype));
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
