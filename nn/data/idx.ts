/**
 * The IDX format, in which MNIST and its kin are published.
 *
 * A file is two zero bytes, a byte for the dtype, a byte for the number of axes,
 * the length of each axis (32 bits), and the elements in row-major order. All
 * numbers are big-endian.
 *
 * @module
 */

/** What an IDX file holds. */
export type IdxArray =
  & {
    /** Length of each axis. */
    readonly shape: readonly number[];
  }
  & (
    | { readonly dtype: "uint8"; readonly data: Uint8Array }
    | { readonly dtype: "int8"; readonly data: Int8Array }
    | { readonly dtype: "int16"; readonly data: Int16Array }
    | { readonly dtype: "int32"; readonly data: Int32Array }
    | { readonly dtype: "float32"; readonly data: Float32Array }
    | { readonly dtype: "float64"; readonly data: Float64Array }
  );

/** Thrown where the bytes of a data file are damaged, or not what they should be. */
export class DataFormatError extends Error {
  /** Name of the class, as errors print it. */
  override name = "DataFormatError";
}

type IdxDType = IdxArray["dtype"];

const DTYPES: ReadonlyMap<number, readonly [IdxDType, bytes: number]> = new Map(
  [
    [0x08, ["uint8", 1]],
    [0x09, ["int8", 1]],
    [0x0b, ["int16", 2]],
    [0x0c, ["int32", 4]],
    [0x0d, ["float32", 4]],
    [0x0e, ["float64", 8]],
  ],
);

/**
 * The array in the bytes of an IDX file that is not compressed.
 *
 * `name` is how errors call the file. Elements of one byte are a view of
 * `bytes`, others are copied.
 *
 * @throws {DataFormatError} If the bytes are no IDX file, or too few or too many.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { dtype, shape, data } = parseIdx(
 *   new Uint8Array([0, 0, 0x08, 1, 0, 0, 0, 3, 7, 2, 1]),
 *   "labels",
 * );
 * assertEquals([dtype, shape, [...data]], ["uint8", [3], [7, 2, 1]]);
 * ```
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [dtype, itemBytes, ndim] = parseMagic(view, name);
  const begin = 4 + 4 * ndim;
  if (bytes.length < begin) {
    throw new DataFormatError(
      `Cannot read ${name}: it ends within its header, after ${bytes.length} ` +
        `of ${begin} bytes; it is truncated`,
    );
  }
  const shape = Array.from(
    { length: ndim },
    (_, a) => view.getUint32(4 + 4 * a),
  );
  const size = shape.reduce((product, n) => product * n, 1);
  const expected = begin + size * itemBytes;
  if (bytes.length !== expected) {
    const fault = bytes.length < expected
      ? "is truncated"
      : "has bytes left over";
    throw new DataFormatError(
      `Cannot read ${name}: its header says shape [${shape}] of ${dtype}, which ` +
        `makes ${expected} bytes, and it has ${bytes.length}; it ${fault}`,
    );
  }
  return { shape, ...elements(dtype, { bytes, view, begin, size }) };
}

/**
 * The array in the IDX file `path`, which may be compressed with gzip.
 *
 * @throws {DataFormatError} If the file is damaged or of another kind.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeFile(path, new Uint8Array([0, 0, 9, 1, 0, 0, 0, 1, 255]));
 * assertEquals((await readIdx(path)).data, new Int8Array([-1]));
 * ```
 */
export async function readIdx(path: string): Promise<IdxArray> {
  const bytes = await Deno.readFile(path);
  return parseIdx(isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}

/**
 * What `bytes`, compressed with gzip, expand to. `name` is how errors call them.
 *
 * @throws {DataFormatError} If the bytes are damaged, truncated or not gzip.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const stream = new Blob(["seven"]).stream()
 *   .pipeThrough(new CompressionStream("gzip"));
 * const packed = await new Response(stream).bytes();
 * assertEquals(new TextDecoder().decode(await gunzip(packed, "it")), "seven");
 * ```
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as BlobPart]).stream()
      .pipeThrough(new DecompressionStream("gzip"));
    return await new Response(stream).bytes();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new DataFormatError(
      `Cannot decompress ${name}: its gzip data is corrupt or truncated ` +
        `(${reason}). Delete the file and fetch it again`,
      { cause },
    );
  }
}

/**
 * Whether `bytes` begin as gzip data does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isGzip(new Uint8Array([0x1f, 0x8b, 8])), true);
 * assertEquals(isGzip(new Uint8Array([0, 0, 8, 1])), false);
 * ```
 */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function parseMagic(
  view: DataView,
  name: string,
): readonly [dtype: IdxDType, itemBytes: number, ndim: number] {
  if (view.byteLength < 4) {
    throw new DataFormatError(
      `Cannot read ${name}: it has ${view.byteLength} bytes, and an IDX file ` +
        `begins with 4 that say what it is`,
    );
  }
  const magic = view.getUint32(0);
  const dtype = DTYPES.get((magic >> 8) & 0xff);
  if (magic >>> 16 !== 0 || dtype === undefined) {
    throw new DataFormatError(
      `Cannot read ${name}: it begins with 0x${hex(magic)}, so it is no IDX ` +
        `file (images of MNIST begin with 0x00000803, labels with 0x00000801)`,
    );
  }
  return [...dtype, magic & 0xff];
}

function hex(magic: number): string {
  return magic.toString(16).padStart(8, "0");
}

function elements(
  dtype: IdxDType,
  { bytes, view, begin, size }: {
    bytes: Uint8Array;
    view: DataView;
    begin: number;
    size: number;
  },
) {
  // Typed arrays are little-endian, and need alignment that files do not have.
  const fill = <
    T extends Int16Array | Int32Array | Float32Array | Float64Array,
  >(
    data: T,
    get: (offset: number) => number,
  ): T => {
    const step = data.BYTES_PER_ELEMENT;
    for (let i = 0; i < size; i++) data[i] = get(begin + i * step);
    return data;
  };
  switch (dtype) {
    case "uint8":
      return { dtype, data: bytes.subarray(begin) };
    case "int8": {
      const data = new Int8Array(bytes.buffer, bytes.byteOffset + begin, size);
      return { dtype, data };
    }
    case "int16":
      return {
        dtype,
        data: fill(new Int16Array(size), (at) => view.getInt16(at)),
      };
    case "int32":
      return {
        dtype,
        data: fill(new Int32Array(size), (at) => view.getInt32(at)),
      };
    case "float32":
      return {
        dtype,
        data: fill(new Float32Array(size), (at) => view.getFloat32(at)),
      };
    case "float64":
      return {
        dtype,
        data: fill(new Float64Array(size), (at) => view.getFloat64(at)),
      };
    default:
      return dtype satisfies never;
  }
}
