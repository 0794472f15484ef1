/**
 * Where in the plane a model changes its mind.
 *
 * @module
 */

import { pngDataUri } from "./png.ts";
import {
  COLOURS,
  linear,
  type Panel,
  point,
  type Range,
  round,
} from "./svg.ts";

/** A function on a rectangle of the plane, known at the points of a grid. */
export type Field = {
  /** `[size, size]`: row 0 is at the least y, column 0 at the least x. */
  readonly values: ArrayLike<number>;
  /** Points along a side. */
  readonly size: number;
  /** The rectangle along x, from the first column to the last. */
  readonly x: Range;
  /** The rectangle along y, from the first row to the last. */
  readonly y: Range;
};

/**
 * Points of two classes over the probability of class 1 that a model gives each
 * place, with the line where it is one half.
 */
export async function regionsPanel(
  { title, note, field, points, labels, side = 360 }: {
    readonly title: string;
    readonly note?: string;
    readonly field: Field;
    readonly points: readonly (readonly [x: number, y: number])[];
    readonly labels: ArrayLike<number>;
    readonly side?: number;
  },
): Promise<Panel> {
  const pixels = new Uint8Array(3 * field.size ** 2);
  for (let row = 0; row < field.size; row++) {
    for (let column = 0; column < field.size; column++) {
      const value = field.values[(field.size - 1 - row) * field.size + column]!;
      pixels.set(diverging(value), 3 * (row * field.size + column));
    }
  }
  const { size } = field;
  const heat = await pngDataUri(pixels, { width: size, height: size });
  const [x, y] = [linear(field.x, [0, side]), linear(field.y, [side, 0])];
  const boundary = contour(field).map(([[ax, ay], [bx, by]]) =>
    `M${point(x(ax), y(ay))}L${point(x(bx), y(by))}`
  ).join("");
  // The grid's points are the middles of pixels: half a pixel lies outside.
  const over = side / (size - 1) / 2;
  const radius = points.length > 150 ? 3.2 : 4.5;
  return {
    title,
    note,
    width: side,
    height: side,
    body: `<svg width="${side}" height="${side}">` +
      `<image x="${round(-over)}" y="${round(-over)}" ` +
      `width="${round(side + 2 * over)}" height="${round(side + 2 * over)}" ` +
      `preserveAspectRatio="none" href="${heat}"/>` +
      `<path d="${boundary}" stroke="${COLOURS.ink}" stroke-width="1.8" ` +
      `stroke-linecap="round" fill="none"/>` +
      points.map(([px, py], i) =>
        `<circle cx="${round(x(px))}" cy="${round(y(py))}" r="${radius}" ` +
        `fill="${
          labels[i] ? COLOURS.red : COLOURS.blue
        }" stroke="#fff" stroke-width="1.2"/>`
      ).join("") +
      `</svg><rect width="${side}" height="${side}" fill="none" ` +
      `stroke="${COLOURS.line}"/>`,
  };
}

/** Blue at 0, white at one half, red at 1. */
function diverging(value: number): readonly number[] {
  const strength = Math.min(1, Math.abs(value - .5) * 2) * .62;
  const full = value > .5 ? [220, 38, 38] : [37, 99, 235];
  return full.map((channel) => Math.round(255 + (channel - 255) * strength));
}

/**
 * What a sigmoid made the probability of: between the points of the grid nearly
 * linear, where the probability is nearly a step. Where float32 ends, it ends.
 */
function logit(probability: number): number {
  const value = Math.log(probability / (1 - probability));
  return Math.min(16, Math.max(-16, value));
}

type Segment = readonly [
  readonly [x: number, y: number],
  readonly [x: number, y: number],
];

/** Where `field` crosses one half, as segments within triangles of the grid. */
function contour({ values, size, x, y }: Field): Segment[] {
  const at = (i: number, j: number) => ({
    x: x[0] + (x[1] - x[0]) * i / (size - 1),
    y: y[0] + (y[1] - y[0]) * j / (size - 1),
    value: logit(values[j * size + i]!),
  });
  type Corner = ReturnType<typeof at>;
  const crossing = (a: Corner, b: Corner) => {
    const t = a.value / (a.value - b.value);
    return [a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)] as const;
  };
  const segments: Segment[] = [];
  const triangle = (a: Corner, b: Corner, c: Corner) => {
    const [from, to] = ([[a, b], [b, c], [c, a]] as const)
      .filter(([p, q]) => (p.value > 0) !== (q.value > 0))
      .map(([p, q]) => crossing(p, q));
    if (from && to) segments.push([from, to]);
  };
  for (let j = 0; j + 1 < size; j++) {
    for (let i = 0; i + 1 < size; i++) {
      const [a, b] = [at(i, j), at(i + 1, j)];
      const [c, d] = [at(i, j + 1), at(i + 1, j + 1)];
      triangle(a, b, d);
      triangle(a, d, c);
    }
  }
  return segments;
}
