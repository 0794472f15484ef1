import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { pngDataUri } from "../../examples/_util/png.ts";
import { startProgress } from "../../examples/_util/progress.ts";
import { seededRandom } from "../../examples/_util/random.ts";
import { confusionPanel } from "../../examples/_util/confusion_panel.ts";
import { imageGridPanel } from "../../examples/_util/image_grid_panel.ts";
import { learningPanel } from "../../examples/_util/learning_panel.ts";
import { regionsPanel } from "../../examples/_util/regions_panel.ts";
import { svgPage } from "../../examples/_util/svg.ts";
import { drawSyntheticDigits } from "../../examples/_util/synthetic_digits.ts";

// ----------------------------------------------------------------------- Random

Deno.test("seededRandom() repeats itself, and differs between streams", () => {
  const draw = (seed: number, stream: number) => {
    const { between } = seededRandom(seed, stream);
    return Array.from({ length: 5 }, () => between(-1, 1));
  };
  assertEquals(draw(1, 2), draw(1, 2));
  assertNotEquals(draw(1, 2), draw(1, 3));
  assertNotEquals(draw(1, 2), draw(2, 2));
  assertEquals(draw(1, 2).every((x) => x >= -1 && x < 1), true);
});

Deno.test("seededRandom() shuffles evenly", () => {
  const first = [0, 0, 0];
  for (let stream = 0; stream < 3000; stream++) {
    first[seededRandom(7, stream).shuffled([0, 1, 2])[0]!]!++;
  }
  // The standard deviation of each count is 26.
  assertEquals(first.every((count) => Math.abs(count - 1000) < 130), true);
});

// ----------------------------------------------------------------------- Digits

Deno.test("drawSyntheticDigits() draws as many of each, and repeats itself", () => {
  const digits = drawSyntheticDigits({ count: 50, seed: 1 });
  assertEquals([digits.rows, digits.columns], [28, 28]);
  assertEquals(digits.images.length, 50 * 28 * 28);
  assertEquals(
    [...digits.labels].sort(),
    Array.from({ length: 50 }, (_, i) => Math.floor(i / 5)),
  );
  assertEquals(drawSyntheticDigits({ count: 50, seed: 1 }), digits);
  const shorter = drawSyntheticDigits({ count: 13, seed: 1 });
  assertEquals(shorter.images, digits.images.slice(0, 13 * 28 * 28));
  assertEquals(shorter.labels, digits.labels.slice(0, 13));
  const other = drawSyntheticDigits({ count: 50, seed: 2 });
  assertNotEquals(other.labels, digits.labels);
});

Deno.test("drawSyntheticDigits() draws ink within the image, on empty margins", () => {
  const { images } = drawSyntheticDigits({ count: 500, seed: 3 });
  const size = 28 * 28;
  let border = 0;
  for (let i = 0; i < 500; i++) {
    const image = images.subarray(i * size, (i + 1) * size);
    const ink = image.filter((value) => value > 128).length;
    assertEquals(
      ink > 15 && ink < 300,
      true,
      `image ${i} has ${ink} dark pixels`,
    );
    const edge = image.filter((_, p) =>
      p < 28 || p >= size - 28 || p % 28 === 0 || p % 28 === 27
    );
    if (edge.some((value) => value > 128)) border++;
  }
  assertEquals(border < 50, true, `${border} of 500 digits touch the edge`);
});

Deno.test("drawSyntheticDigits() draws digits that their neighbours identify", () => {
  const [train, test] = [
    drawSyntheticDigits({ count: 1000, seed: 1 }),
    drawSyntheticDigits({ count: 100, seed: 2 }),
  ];
  const size = 28 * 28;
  let right = 0;
  for (let i = 0; i < 100; i++) {
    let [best, nearest] = [Infinity, -1];
    for (let k = 0; k < 1000; k++) {
      let distance = 0;
      for (let p = 0; p < size && distance < best; p++) {
        const d = train.images[k * size + p]! - test.images[i * size + p]!;
        distance += d * d;
      }
      if (distance < best) [best, nearest] = [distance, k];
    }
    if (train.labels[nearest] === test.labels[i]) right++;
  }
  // Neither noise (10) nor so alike that there is nothing to learn (100).
  assertEquals(right > 55 && right < 98, true, `${right} of 100 right`);
});

// -------------------------------------------------------------------------- PNG

/** The pixels of a PNG as we write it: no filters, one block of data. */
async function decodePng(uri: string) {
  const bytes = Uint8Array.fromBase64(
    uri.replace("data:image/png;base64,", ""),
  );
  const view = new DataView(bytes.buffer);
  assertEquals([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const start = 8 + 12 + 13;
  const data = bytes.slice(start + 8, start + 8 + view.getUint32(start));
  const stream = new Blob([data]).stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const lines = await new Response(stream).bytes();
  const stride = lines.length / height;
  const pixels = lines.filter((_, i) => i % stride !== 0);
  return { width, height, pixels };
}

Deno.test("pngDataUri() of any pixels holds those pixels", () =>
  fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(1, 3),
    fc.infiniteStream(fc.nat(255)),
    async (width, height, channels, stream) => {
      const pixels = Uint8Array.from(stream.take(width * height * channels));
      const uri = await pngDataUri(pixels, { width, height });
      assertEquals(await decodePng(uri), { width, height, pixels });
    },
  )));

Deno.test("pngDataUri() writes the picture that other programs read", async () => {
  assertEquals(
    await pngDataUri(new Uint8Array([0]), { width: 1, height: 1 }).then((uri) =>
      uri.startsWith(
        // Up to the checksum of the header, which zlib's crc32 also gives.
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV",
      )
    ),
    true,
  );
});

Deno.test("pngDataUri() rejects pixels that do not fill the picture", () =>
  assertRejects(
    () => pngDataUri(new Uint8Array(5), { width: 2, height: 2 }),
    RangeError,
    "Cannot draw 5 bytes as 2x2 pixels: each pixel takes 1 byte or 3",
  ));

// -------------------------------------------------------------------------- SVG

/** Checks that elements nest, and that no number is missing. */
function assertWellFormed(svg: string) {
  const open: string[] = [];
  for (
    const [, close, name, empty] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)
  ) {
    if (close) assertEquals(open.pop(), name);
    else if (!empty) open.push(name!);
  }
  assertEquals(open, []);
  assertEquals(svg.match(/NaN|Infinity|undefined|null/), null);
}

const page = (...panels: Parameters<typeof svgPage>[1]["panels"][number][]) => {
  const svg = svgPage("Page", { panels });
  assertWellFormed(svg);
  return svg;
};

Deno.test("svgPage() escapes its texts and stands without panels", () => {
  const svg = svgPage("a < b & c", { panels: [] });
  assertWellFormed(svg);
  assertEquals(svg.includes("<title>a &lt; b &amp; c</title>"), true);
});

Deno.test("learningPanel() draws any losses, also none and not numbers", () =>
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0 }), { maxLength: 600 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
    (loss, values) => {
      const accuracy = values.map((value, i) => ({ step: 100 * i, value }));
      page(learningPanel({ loss, accuracy }));
    },
  )));

Deno.test("imageGridPanel() marks wrong predictions with both classes", async () => {
  const { images, labels } = drawSyntheticDigits({ count: 5, seed: 1 });
  const predicted = labels.with(2, (labels[2]! + 1) % 10);
  const panel = await imageGridPanel({
    images,
    rows: 28,
    columns: 28,
    predicted,
    labels,
    perRow: 3,
  });
  assertEquals(panel.note, "1 of these 5 wrong");
  const svg = page(panel);
  assertEquals(svg.includes(`>${predicted[2]}, is ${labels[2]}</text>`), true);
  const uri = svg.match(/data:[^"]*/)![0];
  const { width, height, pixels } = await decodePng(uri);
  assertEquals([width, height], [56, 5 * 56]);
  assertEquals(pixels[56 * 57 + 20], 255 - images[28 * 28 + 10]!);
});

Deno.test("confusionPanel() counts what is right, also in empty classes", () => {
  const panel = confusionPanel({
    counts: [[8, 2, 0], [1, 9, 0], [0, 0, 0]],
    names: ["cat", "dog", "cow"],
  });
  assertEquals(panel.note, "17 of 20 right");
  assertEquals(page(panel).includes(">80.0 %</text>"), true);
});

Deno.test("regionsPanel() draws the line where the field is one half", async () => {
  const field = {
    values: [0, 1, 0, 1], // rises with x
    size: 2,
    x: [-1, 1],
    y: [-1, 1],
  } as const;
  const panel = await regionsPanel({
    title: "split",
    field,
    points: [[-.5, 0], [.5, 0]],
    labels: [0, 1],
    side: 100,
  });
  const svg = page(panel);
  const line = svg.match(/<path d="(M[^"]*)" stroke/)![1]!;
  assertEquals([...line.matchAll(/[ML]([\d.]+),/g)].map(([, x]) => x), [
    "50",
    "50",
    "50",
    "50",
  ]);
  assertEquals(svg.includes('cx="25" cy="50"'), true);
});

Deno.test("regionsPanel() draws the line where the logits of the field are 0", async () => {
  const panel = await regionsPanel({
    title: "steep",
    field: { values: [.1, .999, .1, .999], size: 2, x: [0, 1], y: [0, 1] },
    points: [],
    labels: [],
    side: 100,
  });
  // log(.1 / .9) and log(.999 / .001) are -2.197 and 6.907.
  assertStringIncludes(page(panel), "M24.13,");
});

// --------------------------------------------------------------------- Progress

function recorded(columns: number | null) {
  let [written, time] = ["", 0];
  return {
    output: {
      write: (text: string) => void (written += text),
      columns,
      now: () => time,
    },
    pass: (milliseconds: number) => void (time += milliseconds),
    take: () => {
      const text = written;
      written = "";
      return text;
    },
  };
}

Deno.test("startProgress() rewrites one line of a terminal", () => {
  const { output, pass, take } = recorded(80);
  const progress = startProgress({ total: 4, label: "epoch 1", output });
  take();
  pass(1000);
  progress.update(1, "loss 0.5");
  const bar = `▕${"█".repeat(6)}${" ".repeat(18)}▏`;
  assertEquals(take(), `\r\x1b[Kepoch 1  ${bar}   25%  3 s left  loss 0.5`);
  progress.update(2); // too soon to be seen
  assertEquals(take(), "");
  progress.log("note");
  assertEquals(take().startsWith("\r\x1b[Knote\n\r\x1b[Kepoch 1"), true);
  pass(64_000);
  progress.update(4);
  take();
  progress.finish("done");
  assertEquals(
    take(),
    `\r\x1b[Kepoch 1  ▕${"█".repeat(24)}▏  100%  1:05  done\n`,
  );
});

Deno.test("startProgress() never writes beyond the edge of a terminal", () => {
  const { output, pass, take } = recorded(20);
  const progress = startProgress({ total: 4, label: "epoch 1", output });
  pass(1000);
  progress.update(1, "loss 0.5");
  for (const line of take().split("\r\x1b[K").slice(1)) {
    assertEquals([...line].length, 19);
  }
});

Deno.test("startProgress() writes few plain lines where there is no terminal", () => {
  const { output, pass, take } = recorded(null);
  const progress = startProgress({ total: 100, label: "epoch 1", output });
  for (let step = 1; step <= 100; step++) {
    pass(10);
    progress.update(step, `loss ${step}`);
  }
  const lines = take().split("\n");
  assertEquals(lines.length, 11);
  assertEquals(lines[0], "epoch 1  10/100   10%  1 s left  loss 10");
  progress.log("note");
  pass(3_600_000);
  progress.finish();
  assertEquals(take(), "note\nepoch 1  100/100  100%  1:00:01  loss 100\n");
});

Deno.test("startProgress() breaks a long silence", () => {
  const { output, pass, take } = recorded(null);
  const progress = startProgress({ total: 1000, label: "epoch 1", output });
  progress.update(1);
  assertEquals(take(), "");
  pass(20_000);
  progress.update(2);
  assertEquals(take(), "epoch 1  2/1000    0%  2:46:20 left\n");
});
