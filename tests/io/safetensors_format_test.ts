import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type DType, itemSize } from "../../core/dtype.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  SafetensorsError,
} from "../../library/io/safetensors_format.ts";
import { writeAtomically } from "../../library/io/write_atomically.ts";

const ALL: readonly DType[] = [
  "bool",
  "uint8",
  "uint16",
  "uint32",
  "int8",
  "int16",
  "int32",
  "bfloat16",
  "float16",
  "float32",
  "float64",
];

/** A file with this header and these data bytes. */
function file(header: unknown, data: readonly number[] = []): Uint8Array {
  const json = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(json);
  const out = new Uint8Array(8 + bytes.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length), true);
  out.set(bytes, 8);
  out.set(data, 8 + bytes.length);
  return out;
}

const u8 = (begin: number, end: number) => ({
  dtype: "U8",
  shape: [end - begin],
  data_offsets: [begin, end],
});

function assertUnreadable(bytes: Uint8Array, message: string) {
  assertThrows(() => decodeSafetensors(bytes), SafetensorsError, message);
}

const entryOf = (dtype: DType) =>
  fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((a, b) => a * b, itemSize(dtype));
    const max = dtype === "bool" ? 1 : 255;
    return fc.array(fc.nat(max), { minLength: size, maxLength: size })
      .map((bytes) => ({ dtype, shape, bytes: new Uint8Array(bytes) }));
  });

const names = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "0", "10", "", 'a"b\\', "{}"),
).filter((name) => name !== "__metadata__");

const contents = fc.tuple(
  fc.array(
    fc.tuple(names, fc.constantFrom(...ALL).chain(entryOf)),
    { maxLength: 6 },
  ).map((pairs) => new Map(pairs)),
  fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })),
);

Deno.test("decodeSafetensors() of encodeSafetensors() gives the same", () =>
  fc.assert(fc.property(contents, ([entries, metadata]) => {
    const encoded = encodeSafetensors(entries, metadata);
    const decoded = decodeSafetensors(encoded);
    assertEquals(
      new Map([...decoded.entries].sort()),
      new Map([...entries].sort()),
    );
    assertEquals({ ...decoded.metadata }, { ...metadata });
  })));

Deno.test("encodeSafetensors() does not depend on the order of its entries", () =>
  fc.assert(fc.property(contents, ([entries]) => {
    const reversed = new Map([...entries].reverse());
    assertEquals(encodeSafetensors(reversed), encodeSafetensors(entries));
  })));

Deno.test("encodeSafetensors() aligns every tensor to its elements", () =>
  fc.assert(fc.property(contents, ([entries, metadata]) => {
    const encoded = encodeSafetensors(entries, metadata);
    for (
      const { dtype, bytes } of decodeSafetensors(encoded).entries.values()
    ) {
      assertEquals(bytes.buffer, encoded.buffer); // a view, never a copy
      assertEquals(bytes.byteOffset % itemSize(dtype), 0);
    }
  })));

Deno.test("decodeSafetensors() of a damaged file throws a SafetensorsError or is valid", () =>
  fc.assert(fc.property(
    contents,
    fc.nat(),
    fc.nat(255),
    fc.boolean(),
    ([entries, metadata], place, byte, cut) => {
      const encoded = encodeSafetensors(entries, metadata);
      const at = place % encoded.length;
      const damaged = cut ? encoded.subarray(0, at) : encoded.with(at, byte);
      try {
        decodeSafetensors(damaged);
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
      }
    },
  )));

// Compared once with the output of the Python package safetensors 0.8.
Deno.test("encodeSafetensors() writes the bytes of the reference implementation", () => {
  const bytes = new Uint8Array([0, 0, 128, 63]);
  const entries = new Map(
    [
      ["b", { dtype: "uint8", shape: [1], bytes: new Uint8Array([7]) }],
      ["a", { dtype: "float32", shape: [], bytes }],
    ] as const,
  );
  const header = '{"__metadata__":{"by":"us"},' +
    '"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
    '"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  assertEquals(
    encodeSafetensors(entries, { by: "us" }),
    file(padded, [0, 0, 128, 63, 7]),
  );
});

Deno.test("decodeSafetensors() copies a tensor that is not aligned", () => {
  const info = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  for (const pad of ["", " ", "  ", "   "]) {
    const odd = file(JSON.stringify({ a: info }) + pad, [0, 0, 128, 63]);
    const { bytes } = decodeSafetensors(odd).entries.get("a")!;
    const value = new Float32Array(bytes.buffer, bytes.byteOffset, 1);
    assertEquals([...value], [1]);
  }
});

Deno.test("decodeSafetensors() takes a file without tensors, and empty tensors", () => {
  assertEquals(decodeSafetensors(file("{}")).entries.size, 0);
  const empty = { dtype: "F64", shape: [3, 0], data_offsets: [0, 0] };
  assertEquals(
    decodeSafetensors(file({ a: empty, b: u8(0, 1) }, [5])).entries.get("a"),
    { dtype: "float64", shape: [3, 0], bytes: new Uint8Array(0) },
  );
});

Deno.test("encodeSafetensors() rejects what the format cannot hold", () => {
  const bytes = new Uint8Array(4);
  const fails = (name: string, shape: readonly number[], message: string) =>
    assertThrows(
      () =>
        encodeSafetensors(new Map([[name, { dtype: "int32", shape, bytes }]])),
      SafetensorsError,
      message,
    );
  fails("__metadata__", [1], "the format reserves this name");
  fails("\ud800", [1], "its name is not valid Unicode");
  fails("a", [-1], "[-1] is not a shape");
  fails("a", [2], "4 bytes given, shape [2] of int32 needs 8");
  assertThrows(
    () =>
      encodeSafetensors(
        new Map(),
        { a: 1 } as unknown as Record<string, string>,
      ),
    SafetensorsError,
    'must be an object of texts, and is {"a":1}',
  );
});

Deno.test("decodeSafetensors() says what is wrong with a header", () => {
  assertUnreadable(new Uint8Array(5), "it has 5 bytes, and needs 8");
  assertUnreadable(file("{}").with(3, 255), "would have 4278190082 bytes");
  assertUnreadable(file("{}").with(7, 255), "probably another kind of file");
  assertUnreadable(
    file("{}").with(0, 3),
    "should have 3 bytes, and only 2 follow",
  );
  assertUnreadable(file(""), 'does not begin with "{"');
  assertUnreadable(file("[]"), 'does not begin with "{"');
  assertUnreadable(file("{"), "is not valid JSON");
  assertUnreadable(file('{"a"}').with(9, 255), "is not valid JSON");
  assertUnreadable(
    file({ __metadata__: 1 }),
    "must be an object of texts, and is 1",
  );
  assertUnreadable(file({ __metadata__: { a: 1 } }), 'and is {"a":1}');
  assertUnreadable(file({ __metadata__: null }), "and is null");
});

Deno.test("decodeSafetensors() says what is wrong with a tensor", () => {
  const a = u8(0, 1);
  const fails = (info: unknown, message: string) =>
    assertUnreadable(file({ a: info }, [0]), `tensor "a" ${message}`);
  fails([], "should be an object, and is []");
  fails({ ...a, dtype: "I64" }, 'has the dtype "I64"; supported are BOOL, U8');
  fails({ ...a, dtype: undefined }, "has the dtype undefined");
  fails({ ...a, shape: 1 }, "has 1 for a shape");
  fails({ ...a, shape: [-1] }, "has [-1] for a shape");
  fails({ ...a, shape: [0.5] }, "has [0.5] for a shape");
  fails({ ...a, data_offsets: [0] }, "has [0] for data_offsets");
  fails({ ...a, data_offsets: ["0", 1] }, 'has ["0",1] for data_offsets');
  fails(
    { ...a, data_offsets: [1, 0] },
    "has bytes 1 to 0, shape [1] of U8 needs 1",
  );
  fails(
    { ...a, shape: [2] },
    "has bytes 0 to 1, shape [2] of U8 needs 2 of them",
  );
  fails(
    { ...a, data_offsets: [1, 2] },
    "has bytes 1 to 2, and there are only 1",
  );
  fails({ ...a, shape: [2 ** 40, 2 ** 40] }, "has bytes 0 to 1, shape [");
  const bool = { dtype: "BOOL", shape: [1], data_offsets: [0, 1] };
  assertUnreadable(file({ a: bool }, [7]), "has the byte 7, where BOOL allows");
});

Deno.test("decodeSafetensors() rejects tensors that overlap or leave gaps", () => {
  assertUnreadable(
    file({ a: u8(0, 2), b: u8(1, 3) }, [0, 0, 0]),
    'tensor "b" begins at byte 1 and overlaps what ends at 2',
  );
  assertUnreadable(
    file({ a: u8(0, 1), b: u8(2, 3) }, [0, 0, 0]),
    'tensor "b" begins at byte 2 and leaves a gap after what ends at 1',
  );
  assertUnreadable(
    file({ a: u8(0, 1) }, [0, 0, 0]),
    "2 bytes at its end belong to no tensor",
  );
});

Deno.test("decodeSafetensors() finds a key that occurs twice", () => {
  const info = JSON.stringify(u8(0, 1));
  assertUnreadable(
    file(`{"a":${info},"a" :${info}}`, [0]),
    'the key "a" twice',
  );
  assertUnreadable(file(`{"a":${info},"\\u0061":${info}}`, [0]), "twice");
  assertUnreadable(
    file(`{"a":{"dtype":"F32",${info.slice(1)}}`, [0]),
    '"dtype"',
  );
  const text = { __metadata__: { a: '"a":{"a":1,"a":2}', "{": "a", "}": "{" } };
  assertEquals(decodeSafetensors(file(text)).metadata, text.__metadata__);
});

Deno.test("writeAtomically() replaces a file and leaves nothing else", async () => {
  const folder = await Deno.makeTempDir();
  await writeAtomically(`${folder}/a`, new Uint8Array([1]));
  await writeAtomically(`${folder}/a`, new Uint8Array([2, 3]));
  assertEquals([...await Deno.readFile(`${folder}/a`)], [2, 3]);
  assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["a"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeAtomically() that fails keeps the old file and no part", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/taken`); // a rename onto it fails
  await Deno.writeFile(`${folder}/taken/old`, new Uint8Array([1]));
  const message = await writeAtomically(`${folder}/taken`, new Uint8Array(9))
    .then(() => "", (error) => error.message);
  assertEquals(message.startsWith(`Cannot write ${folder}/taken: `), true);
  assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), [
    "taken",
  ]);
  const absent = await writeAtomically(`${folder}/absent/a`, new Uint8Array(1))
    .then(() => "", (error) => error.message);
  assertEquals(absent.startsWith(`Cannot write ${folder}/absent/a: `), true);
  await Deno.remove(folder, { recursive: true });
});
