import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  cacheFolder,
  DataNotFoundError,
  fetchCached,
  md5Of,
} from "../../nn/data/download.ts";
import {
  DataFormatError,
  gunzip,
  parseIdx,
  readIdx,
} from "../../nn/data/idx.ts";
import {
  type FileName,
  loadImages,
  loadMnist,
  MNIST,
} from "../../nn/data/mnist.ts";
import { stratifiedSplit } from "../../nn/data/split.ts";

// ------------------------------------------------------------------ Small files

/** An IDX file of unsigned bytes. */
function idx(shape: readonly number[], data: ArrayLike<number>, code = 8) {
  const out = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(out.buffer);
  out.set([0, 0, code, shape.length]);
  shape.forEach((n, axis) => view.setUint32(4 + 4 * axis, n));
  out.set(data, 4 + 4 * shape.length);
  return out;
}

function gzip(bytes: Uint8Array<ArrayBuffer>) {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).bytes();
}

/** `count` images of 2x3 pixels, and their labels 0, 1, 2, … 9, 0, … */
function small(count: number) {
  return {
    images: idx(
      [count, 2, 3],
      Array.from({ length: 6 * count }, (_, i) => i % 251),
    ),
    labels: idx([count], Array.from({ length: count }, (_, i) => i % 10)),
  };
}

async function withFolder(f: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await f(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Serves `answer`; the path of each request is noted in `asked`. */
async function withServer(
  answer: (path: string) => Response | Promise<Response>,
  f: (address: string, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      return answer(pathname);
    },
  );
  try {
    await f(`http://127.0.0.1:${server.addr.port}`, asked);
  } finally {
    await server.shutdown();
  }
}

const namesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

// -------------------------------------------------------------------------- IDX

Deno.test("parseIdx() reads big-endian elements of every dtype", () => {
  const parse = (code: number, data: readonly number[]) => {
    const size = data.length / 2;
    const bytes = idx([2, size], data, code);
    new DataView(bytes.buffer).setUint32(8, 1);
    const { dtype, shape, data: values } = parseIdx(bytes, "it");
    assertEquals(shape, [2, 1]);
    return [dtype, ...values];
  };
  assertEquals(parse(0x08, [1, 255]), ["uint8", 1, 255]);
  assertEquals(parse(0x09, [1, 255]), ["int8", 1, -1]);
  assertEquals(parse(0x0b, [1, 2, 255, 254]), ["int16", 258, -2]);
  assertEquals(
    parse(0x0c, [0, 1, 0, 2, 255, 255, 255, 254]),
    ["int32", 65538, -2],
  );
  assertEquals(
    parse(0x0d, [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0]),
    ["float32", 1, -2.5],
  );
  assertEquals(
    parse(0x0e, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 0, 0, 0, 0, 0]),
    ["float64", 1, -2.5],
  );
});

Deno.test("parseIdx() takes a file of no axes and one of no elements", () => {
  const scalar = parseIdx(idx([], [7]), "it");
  assertEquals([scalar.shape, [...scalar.data]], [[], [7]]);
  const empty = parseIdx(idx([3, 0], []), "it");
  assertEquals([empty.shape, [...empty.data]], [[3, 0], []]);
});

Deno.test("parseIdx() of the bytes of any array gives that array", () =>
  fc.assert(fc.property(
    fc.array(fc.nat(4), { maxLength: 3 }),
    fc.infiniteStream(fc.nat(255)),
    fc.nat(3),
    (shape, stream, offset) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const data = [...stream.take(size)];
      const file = idx(shape, data);
      const shifted = new Uint8Array(file.length + offset).subarray(offset);
      shifted.set(file);
      const parsed = parseIdx(shifted, "it");
      assertEquals(parsed.shape, shape);
      assertEquals([...parsed.data], data);
      for (const length of [0, 3, file.length - 1]) {
        if (length === file.length) continue;
        const cut = shifted.subarray(0, length);
        assertThrows(
          () => parseIdx(cut, "it"),
          DataFormatError,
          "Cannot read it",
        );
      }
    },
  )));

Deno.test("parseIdx() says what is wrong", () => {
  const fails = (bytes: Uint8Array, message: string) =>
    assertThrows(() => parseIdx(bytes, "digits"), DataFormatError, message);
  const file = idx([2, 2], [1, 2, 3, 4]);
  fails(
    new Uint8Array(3),
    "Cannot read digits: it has 3 bytes, and an IDX file",
  );
  fails(file.with(0, 1), "it begins with 0x01000802, so it is no IDX file");
  fails(file.with(2, 10), "it begins with 0x00000a02, so it is no IDX file");
  fails(file.subarray(0, 9), "ends within its header, after 9 of 12 bytes");
  fails(
    file.subarray(0, 15),
    "its header says shape [2,2] of uint8, which makes 16 bytes, and it has " +
      "15; it is truncated",
  );
  fails(idx([2], [1, 2, 3]), "and it has 11; it has bytes left over");
  fails(file.with(4, 255), "it is truncated"); // 4 billion rows: no allocation
});

Deno.test("gunzip() of compressed bytes gives them back", () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
      assertEquals(
        await gunzip(await gzip(new Uint8Array(bytes)), "it"),
        bytes,
      );
    }),
  ));

Deno.test("gunzip() of damaged bytes is an error that names the file", async () => {
  const packed = await gzip(new Uint8Array(1000).map((_, i) => i * i));
  const damaged = [
    packed.subarray(0, packed.length - 9), // within the data
    packed.subarray(0, packed.length - 1), // within the checksum
    packed.with(packed.length - 5, packed.at(-5)! ^ 1), // another checksum
    packed.with(0, 0), // no gzip
    packed.subarray(0, 0),
  ];
  for (const bytes of damaged) {
    await assertRejects(
      () => gunzip(bytes, "digits.gz"),
      DataFormatError,
      "Cannot decompress digits.gz: its gzip data is corrupt or truncated",
    );
  }
});

Deno.test("readIdx() reads files with and without compression", () =>
  withFolder(async (folder) => {
    const file = idx([3], [7, 2, 1]);
    await Deno.writeFile(`${folder}/plain`, file);
    await Deno.writeFile(`${folder}/packed`, await gzip(file));
    for (const name of ["plain", "packed"]) {
      assertEquals([...(await readIdx(`${folder}/${name}`)).data], [7, 2, 1]);
    }
    await assertRejects(() => readIdx(`${folder}/no`), Deno.errors.NotFound);
  }));

// --------------------------------------------------------------------- Download

const SEVEN = { text: "seven", md5: "bb3aec0fdcdbc2974890f805c585d432" };

Deno.test("fetchCached() fetches once and then reads the cache", () =>
  withFolder((folder) =>
    withServer(() => new Response(SEVEN.text), async (address, asked) => {
      const path = `${folder}/new/deep/seven`;
      const options = { urls: [`${address}/7`], md5: SEVEN.md5 };
      assertEquals((await fetchCached(path, options)).from, "download");
      const { bytes, from } = await fetchCached(path, options);
      assertEquals([new TextDecoder().decode(bytes), from], ["seven", "cache"]);
      assertEquals(asked, ["/7"]);
      assertEquals(namesIn(`${folder}/new/deep`), ["seven"]);
    })
  ));

Deno.test("fetchCached() fetches again what is damaged in the cache", () =>
  withFolder((folder) =>
    withServer(() => new Response(SEVEN.text), async (address) => {
      const path = `${folder}/seven`;
      await Deno.writeTextFile(path, "sev");
      const options = { urls: [`${address}/7`], md5: SEVEN.md5 };
      assertEquals((await fetchCached(path, options)).from, "download");
      assertEquals(await Deno.readTextFile(path), "seven");
    })
  ));

Deno.test("fetchCached() goes on to the next address, and keeps no wrong file", () =>
  withFolder((folder) =>
    withServer(
      (path) =>
        path === "/gone"
          ? new Response("no", { status: 404 })
          : new Response(path === "/good" ? SEVEN.text : "another file"),
      async (address, asked) => {
        const path = `${folder}/seven`;
        const urls = ["gone", "wrong"].map((name) => `${address}/${name}`);
        const { md5 } = SEVEN;
        await assertRejects(
          () => fetchCached(path, { urls, md5 }),
          DataNotFoundError,
          `Cannot fetch ${path}. Tried:\n` +
            `  ${address}/gone: the server said 404\n` +
            `  ${address}/wrong: its md5 is ${
              md5Of(new TextEncoder().encode("another file"))
            }, and should be ${md5}\n` +
            "Fetch it by other means and put it there",
        );
        assertEquals(namesIn(folder), []);
        const good = { urls: [...urls, `${address}/good`], md5 };
        assertEquals((await fetchCached(path, good)).from, "download");
        assertEquals(asked.slice(2), ["/gone", "/wrong", "/good"]);
      },
    )
  ));

/** Promises five bytes, sends three, and breaks off or falls silent. */
function serveThree({ breaksOff }: { breaksOff: boolean }) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = listener.accept().then(async (connection) => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode(`${head}sev`));
    // Reading on ends when the client has given up.
    if (!breaksOff) await connection.read(new Uint8Array(1)).catch(() => {});
    connection.close();
    listener.close();
  });
  return { url: `http://127.0.0.1:${listener.addr.port}/7`, served };
}

Deno.test("fetchCached() gives up an address that breaks off or falls silent", () =>
  withFolder(async (folder) => {
    const broken = serveThree({ breaksOff: true });
    const silent = serveThree({ breaksOff: false });
    const urls = [broken.url, silent.url];
    const { md5 } = SEVEN;
    const error = await assertRejects(
      () => fetchCached(`${folder}/seven`, { urls, md5, patience: 100 }),
      DataNotFoundError,
      `${silent.url}: no byte came for 100 ms`,
    );
    assertEquals(error.message.includes(`${broken.url}: `), true);
    assertEquals(error.message.includes(`${broken.url}: no byte`), false);
    assertEquals(namesIn(folder), []);
    await Promise.all([broken.served, silent.served]);
  }));

Deno.test("fetchCached() says that nobody answers", () =>
  withFolder(async (folder) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${listener.addr.port}/7`;
    listener.close();
    await assertRejects(
      () => fetchCached(`${folder}/seven`, { urls: [url], md5: SEVEN.md5 }),
      DataNotFoundError,
      `  ${url}: `,
    );
  }));

Deno.test("cacheFolder() follows XDG_CACHE_HOME", () => {
  const before = Deno.env.get("XDG_CACHE_HOME");
  try {
    Deno.env.set("XDG_CACHE_HOME", "/somewhere");
    assertEquals(cacheFolder(), "/somewhere/dinograd");
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
  }
});

// ------------------------------------------------------------------------ MNIST

const TRAIN = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] as const;
const TEST = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] as const;

async function putPart(
  folder: string,
  [images, labels]: readonly [string, string],
  count: number,
) {
  const part = small(count);
  await Deno.writeFile(`${folder}/${images}`, part.images);
  await Deno.writeFile(`${folder}/${labels}`, part.labels);
}

Deno.test("loadMnist() reads the parts that a folder has", () =>
  withFolder(async (data) => {
    await putPart(data, TEST, 12);
    const only = await loadMnist({ data });
    assertEquals([only.train, only.from, only.folder], [
      undefined,
      "folder",
      data,
    ]);
    const { images, labels, rows, columns } = only.test!;
    assertEquals([images.length, rows, columns], [72, 2, 3]);
    assertEquals([images[0], images[71]], [0, 71]);
    assertEquals([...labels], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    await putPart(data, TRAIN, 20);
    const both = await loadMnist({ data });
    assertEquals([both.train!.labels.length, both.test!.labels.length], [
      20,
      12,
    ]);
  }));

Deno.test("loadMnist() reads compressed files and names with a dot", () =>
  withFolder(async (data) => {
    const { images, labels } = small(3);
    await Deno.writeFile(`${data}/${TEST[0]}.gz`, await gzip(images));
    await Deno.writeFile(`${data}/t10k-labels.idx1-ubyte`, labels);
    assertEquals((await loadMnist({ data })).test!.labels.length, 3);
  }));

Deno.test("loadMnist() says what a folder lacks", () =>
  withFolder(async (data) => {
    const neither = `Cannot find mnist in ${data}: it has neither ` +
      `train-images-idx3-ubyte[.gz] nor t10k-images-idx3-ubyte[.gz]`;
    await assertRejects(() => loadMnist({ data }), DataNotFoundError, neither);
    for (const absent of ["absent", "file"]) {
      await Deno.writeFile(`${data}/file`, new Uint8Array(1));
      await assertRejects(
        () => loadMnist({ data: `${data}/${absent}` }),
        DataNotFoundError,
        `Cannot find mnist in ${data}/${absent}`,
      );
    }
    await Deno.writeFile(`${data}/${TEST[1]}`, small(3).labels);
    await assertRejects(
      () => loadMnist({ data }),
      DataNotFoundError,
      `it has ${TEST[1]}, but neither ${TEST[0]} nor ${TEST[0]}.gz`,
    );
  }));

Deno.test("loadMnist() says which file does not fit", () =>
  withFolder(async (data) => {
    const fails = async (
      images: Uint8Array,
      labels: Uint8Array,
      message: string,
    ) => {
      await Deno.writeFile(`${data}/${TEST[0]}`, images);
      await Deno.writeFile(`${data}/${TEST[1]}`, labels);
      await assertRejects(() => loadMnist({ data }), DataFormatError, message);
    };
    const { images, labels } = small(3);
    const at = (name: string) => `${data}/${name}`;
    await fails(
      labels,
      labels,
      `Cannot use ${at(TEST[0])}: it has shape [3] of uint8, and images have ` +
        "three axes of uint8",
    );
    await fails(
      images.with(2, 9),
      labels,
      "[3,2,3] of int8, and images have three",
    );
    await fails(
      images,
      images,
      `Cannot use ${at(TEST[1])}: it has shape [3,2,3] of uint8, and labels ` +
        "have one axis of uint8",
    );
    await fails(
      images,
      small(4).labels,
      `Cannot use ${at(TEST[0])} with ${at(TEST[1])}: one has 3 images, the ` +
        "other 4 labels",
    );
    await fails(
      images,
      labels.with(-1, 10),
      `Cannot use ${at(TEST[1])}: it has the label 10, and mnist has classes ` +
        "0 to 9",
    );
    await fails(images.subarray(0, 20), labels, "it is truncated");
    const packed = (await gzip(images)).subarray(0, 30);
    await fails(packed, labels, `Cannot decompress ${at(TEST[0])}`);
  }));

/** A data set of small files, and a server's answer for each of them. */
async function published(mirrors: readonly string[]) {
  const [train, test] = [small(20), small(12)];
  const files: Record<FileName, Uint8Array<ArrayBuffer>> = {
    "train-images-idx3-ubyte": await gzip(train.images),
    "train-labels-idx1-ubyte": await gzip(train.labels),
    "t10k-images-idx3-ubyte": await gzip(test.images),
    "t10k-labels-idx1-ubyte": await gzip(test.labels),
  };
  const md5 = { ...MNIST.md5 };
  for (const [name, bytes] of Object.entries(files)) {
    md5[name as FileName] = md5Of(bytes);
  }
  const answer = (path: string) => {
    const bytes = files[path.replace(/^.*\/|\.gz$/g, "") as FileName];
    return bytes ? new Response(bytes) : new Response(null, { status: 404 });
  };
  return { answer, dataset: { ...MNIST, mirrors, md5 } };
}

Deno.test("loadImages() downloads, then reads the cache", () =>
  withFolder(async (cache) => {
    const { answer, dataset } = await published([]);
    await withServer(answer, async (address, asked) => {
      const online = { ...dataset, mirrors: [`${address}/digits/`] };
      const first = await loadImages(online, { cache });
      assertEquals([first.from, first.folder], ["download", cache]);
      assertEquals([first.train!.labels.length, first.test!.labels.length], [
        20,
        12,
      ]);
      assertEquals(
        asked,
        [...TRAIN, ...TEST].map((name) => `/digits/${name}.gz`),
      );
      assertEquals(
        namesIn(cache),
        [...TRAIN, ...TEST].map((name) => `${name}.gz`).sort(),
      );
    });
    const { from, train } = await loadImages(dataset, {
      cache,
      download: false,
    });
    assertEquals([from, train!.labels.length], ["cache", 20]);
  }));

Deno.test("loadImages() says that there is neither cache nor download", () =>
  withFolder(async (cache) => {
    const { dataset } = await published([]);
    await assertRejects(
      () => loadImages(dataset, { cache, download: false }),
      DataNotFoundError,
      `there is no intact ${cache}/${
        TRAIN[0]
      }.gz, and downloads are switched off`,
    );
    await withServer(
      () => new Response(null, { status: 503 }),
      (address) =>
        assertRejects(
          () => loadImages({ ...dataset, mirrors: [`${address}/`] }, { cache }),
          DataNotFoundError,
          `${address}/${TRAIN[0]}.gz: the server said 503`,
        ),
    );
    assertEquals(namesIn(cache), []);
  }));

// ------------------------------------------------------------------------ Split

const countsOf = (labels: ArrayLike<number>, indices: Uint32Array) => {
  const counts: number[] = [];
  for (const i of indices) counts[labels[i]!] = (counts[labels[i]!] ?? 0) + 1;
  return counts;
};

Deno.test("stratifiedSplit() holds out equally many of each class", () => {
  const sizes = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
  const labels = sizes.flatMap((size, label) => Array(size).fill(label));
  const { kept, held } = stratifiedSplit(labels, { held: 2000, seed: 1 });
  assertEquals(countsOf(labels, held), sizes.map(() => 200));
  assertEquals(countsOf(labels, kept), sizes.map((size) => size - 200));
});

Deno.test("stratifiedSplit() is a partition that its seed determines", () =>
  fc.assert(fc.property(
    fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }),
    fc.nat(),
    fc.integer(),
    (labels, wanted, seed) => {
      const held = wanted % (labels.length + 1);
      const split = stratifiedSplit(labels, { held, seed });
      assertEquals(split.held.length, held);
      assertEquals([...split.held], [...split.held].sort((a, b) => a - b));
      assertEquals(
        [...split.kept, ...split.held].sort((a, b) => a - b),
        labels.map((_, i) => i),
      );
      assertEquals(stratifiedSplit(labels, { held, seed }), split);
      // A class gives fewer than another only where it has no more, or by one.
      const all = countsOf(labels, Uint32Array.from(labels.keys()));
      const given = countsOf(labels, split.held);
      const most = Math.max(0, ...given.filter((n) => n !== undefined));
      all.forEach((size, label) => {
        const count = given[label] ?? 0;
        assertEquals(count === size || count >= most - 1, true);
      });
    },
  )));

Deno.test("stratifiedSplit() of another seed is another split", () => {
  const labels = Array.from({ length: 100 }, (_, i) => i % 10);
  const [a, b] = [1, 2].map((seed) =>
    stratifiedSplit(labels, { held: 20, seed })
  );
  assertEquals(a!.held.join() === b!.held.join(), false);
});

Deno.test("stratifiedSplit() rejects counts that cannot be held out", () => {
  for (const held of [-1, 4, 0.5, NaN]) {
    assertThrows(
      () => stratifiedSplit([0, 1, 1], { held, seed: 0 }),
      RangeError,
      `Cannot hold out ${held} of 3 examples: it must be an integer between 0 and 3`,
    );
  }
  assertEquals(stratifiedSplit([], { held: 0, seed: 0 }).kept.length, 0);
});
