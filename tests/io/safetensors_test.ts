import { assertEquals, assertRejects } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { type DType, DTYPES } from "../../core/dtype.ts";
import { TreeError } from "../../core/errors.ts";
import { storageOf } from "../../core/storage.ts";
import { map, registerTreeNode } from "../../core/tree.ts";
import {
  loadSafetensors,
  safetensorsMetadata,
  saveSafetensors,
} from "../../library/io/safetensors.ts";
import {
  encodeSafetensors,
  SafetensorsError,
} from "../../library/io/safetensors_format.ts";
import { jit } from "../../transforms/jit.ts";
import { array } from "../_util/array.ts";

async function temporary(): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir();
  return {
    path: `${folder}/model.safetensors`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const shown = (tree: unknown) =>
  map((x: NDArray) => [x.dtype, x.shape, x.js()], tree);

const PARAMS = {
  layers: [
    { weight: array([[1, 2], [3, 4]]), bias: null },
    { weight: array([[5], [6]]), bias: array([-0]) },
  ],
  step: array(7, "int32"),
  "a.b": array([], "uint8"),
  a: { b: array([true, false], "bool") },
  absent: undefined,
  nothing: {},
};

Deno.test("loadSafetensors() gives the tree that was saved", async () => {
  await using file = await temporary();
  await saveSafetensors(file.path, PARAMS);
  const loaded = await loadSafetensors(file.path);
  assertEquals(shown(loaded), shown(PARAMS));
  assertEquals(
    shown(await loadSafetensors(file.path, { like: PARAMS })),
    shown(PARAMS),
  );
});

Deno.test("a single array is a tree too", async () => {
  await using file = await temporary();
  await saveSafetensors(file.path, array([1, 2]));
  const loaded = await loadSafetensors<NDArray>(file.path);
  assertEquals(loaded.js(), [1, 2]);
});

Deno.test("all bits of every dtype survive, payloads of NaNs included", async () => {
  await using file = await temporary();
  for (const dtype of Object.keys(DTYPES) as DType[]) {
    const bytes = dtype === "bool"
      ? Uint8Array.of(1, 0, 0, 1, 1, 1, 0, 0)
      : Uint8Array.of(0xff, 0x7f, 1, 0x80, 0xa5, 0xff, 0xf1, 0x7f);
    const storage = storageOf(dtype, bytes.buffer);
    const x = arrayFromStorage(storage, [storage.length], dtype);
    await saveSafetensors(file.path, { x });
    const whole = await Deno.readFile(file.path);
    assertEquals(whole.slice(-8), bytes);
    const like = { x };
    const loaded = await loadSafetensors(file.path, { like });
    await saveSafetensors(file.path, loaded);
    assertEquals(await Deno.readFile(file.path), whole, dtype);
  }
});

Deno.test("a file of another program gives arrays by name", async () => {
  await using file = await temporary();
  const bytes = new Uint8Array(new Float32Array([1, 2]).buffer);
  const entry = { dtype: "float32", shape: [2], bytes } as const;
  const entries = new Map([["fc.weight", entry], ["fc.bias", entry]]);
  await Deno.writeFile(file.path, encodeSafetensors(entries));
  const loaded = await loadSafetensors<Record<string, NDArray>>(file.path);
  assertEquals(Object.keys(loaded).sort(), ["fc.bias", "fc.weight"]);
  const like = { fc: { weight: array([0, 0]), bias: array([0, 0]) } };
  const tree = await loadSafetensors(file.path, { like });
  assertEquals(tree.fc.bias.js(), [1, 2]);
});

Deno.test("metadata is kept apart from the structure", async () => {
  await using file = await temporary();
  const metadata = { epoch: "3" };
  await saveSafetensors(file.path, {}, { metadata });
  assertEquals(await safetensorsMetadata(file.path), metadata);
  await assertRejects(
    () => saveSafetensors(file.path, {}, { metadata: { "dinograd.tree": "" } }),
    RangeError,
    `metadata "dinograd.tree" holds the structure`,
  );
});

Deno.test("what does not fit like is an error with its path", async () => {
  await using file = await temporary();
  await saveSafetensors(file.path, { w: [array([1, 2])] });
  const load = (like: unknown) => () => loadSafetensors(file.path, { like });
  await assertRejects(
    load({ w: [array([1])] }),
    TypeError,
    "tensor w.0 has shape [2] and dtype float32, and like.w[0] has shape [1]",
  );
  await assertRejects(
    load({ w: [array([1, 2], "int32")] }),
    TypeError,
    "dtype int32",
  );
  await assertRejects(
    load({ w: [array([1, 2]), array(1)] }),
    TreeError,
    "no tensor w.1 for like.w[1]; it has w.0",
  );
  await assertRejects(load({}), TreeError, "no place for its tensors w.0");
});

class Point {
  constructor(readonly x: NDArray, readonly y: NDArray) {}
}
registerTreeNode(Point, {
  flatten: ({ x, y }) => [{ x, y }, null],
  unflatten: (_data, { x, y }) => new Point(x!, y!),
});

Deno.test("instances of classes need like", async () => {
  await using file = await temporary();
  const point = { at: new Point(array(1), array(2)) };
  await saveSafetensors(file.path, point);
  await assertRejects(
    () => loadSafetensors(file.path),
    TreeError,
    "tree.at was an instance of class Point",
  );
  const loaded = await loadSafetensors(file.path, { like: point });
  assertEquals(loaded.at instanceof Point, true);
  assertEquals(loaded.at.y.js(), 2);
});

Deno.test("what cannot be saved is an error, and leaves no file", async () => {
  await using file = await temporary();
  await assertRejects(
    () => saveSafetensors(file.path, { name: "x" }),
    TypeError,
    `the string "x" in the tree to save.name`,
  );
  const saving: Promise<void>[] = [];
  jit((x: NDArray) => {
    saving.push(saveSafetensors(file.path, { x }));
    return x;
  })(array([1]));
  await assertRejects(() => saving[0]!, TypeError, "the tree to save.x");
  await assertRejects(() => Deno.stat(file.path), Deno.errors.NotFound);
});

Deno.test("a damaged file, or one whose structure has more, says which file", async () => {
  await using file = await temporary();
  await Deno.writeFile(file.path, new Uint8Array(3));
  await assertRejects(
    () => loadSafetensors(file.path),
    SafetensorsError,
    file.path,
  );
  const metadata = { "dinograd.tree": '{"object":{"w":"*"}}' };
  await Deno.writeFile(file.path, encodeSafetensors(new Map(), metadata));
  await assertRejects(
    () => loadSafetensors(file.path),
    SafetensorsError,
    "tree.w, and there is no tensor w",
  );
});
