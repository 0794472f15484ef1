/**
 * What a model says of images, image by image.
 *
 * @module
 */

import { pngDataUri } from "./png.ts";
import { COLOURS, type Panel, text } from "./svg.ts";

/**
 * Grey images in a grid, each with its predicted class below; where the
 * prediction is wrong it is red, and followed by the true class.
 */
export async function imageGridPanel(
  { images, rows, columns, predicted, labels, names, perRow = 16, scale = 2 }: {
    readonly images: Uint8Array;
    readonly rows: number;
    readonly columns: number;
    readonly predicted: ArrayLike<number>;
    readonly labels: ArrayLike<number>;
    readonly names?: readonly string[];
    readonly perRow?: number;
    readonly scale?: number;
  },
): Promise<Panel> {
  const count = labels.length;
  const [tile, line] = [columns * scale, rows * scale];
  const [stepX, stepY] = [tile + 6, line + 24];
  const sheet = await pngDataUri(
    stacked(images, { count, rows, columns, scale }),
    { width: tile, height: line * count },
  );
  const name = (k: number) => names?.[k] ?? String(k);
  const wrong = Array.from({ length: count }, (_, i) => i)
    .filter((i) => predicted[i] !== labels[i]).length;
  // One picture for all tiles: each tile is a window onto it.
  const tiles = Array.from({ length: count }, (_, i) => {
    const [x, y] = [(i % perRow) * stepX, Math.floor(i / perRow) * stepY];
    const isRight = predicted[i] === labels[i];
    return `<svg x="${x}" y="${y}" width="${tile}" height="${line}" ` +
      `viewBox="0 ${i * line} ${tile} ${line}"><use href="#tiles"/></svg>` +
      (isRight ? "" : frame([x, y], tile, line)) +
      (isRight
        ? text([x + tile / 2, y + line + 14], name(predicted[i]!), {
          anchor: "middle",
          fill: COLOURS.muted,
        })
        : text(
          [x + tile / 2, y + line + 14],
          `${name(predicted[i]!)}, is ${name(labels[i]!)}`,
          { anchor: "middle", fill: COLOURS.red, weight: 600 },
        ));
  });
  return {
    title: "Test images and predictions",
    note: `${wrong} of these ${count} wrong`,
    width: Math.min(perRow, count) * stepX - 6,
    height: Math.ceil(count / perRow) * stepY - 6,
    body: `<defs><image id="tiles" width="${tile}" height="${line * count}" ` +
      `href="${sheet}"/></defs>${tiles.join("")}`,
  };
}

/** One image below the other, each pixel `scale` times as large. */
function stacked(
  images: Uint8Array,
  { count, rows, columns, scale }: {
    count: number;
    rows: number;
    columns: number;
    scale: number;
  },
): Uint8Array {
  const width = columns * scale;
  const out = new Uint8Array(width * count * rows * scale);
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const source = Math.floor(y / scale) * columns + Math.floor(x / scale);
    out[i] = 255 - images[source]!; // ink on paper
  }
  return out;
}

function frame(
  [x, y]: readonly [number, number],
  width: number,
  height: number,
) {
  return `<rect x="${x - 1}" y="${y - 1}" width="${width + 2}" ` +
    `height="${height + 2}" rx="2" fill="none" stroke="${COLOURS.red}" ` +
    `stroke-width="2"/>`;
}
