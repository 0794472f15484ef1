/**
 * Digits drawn by ourselves, for a machine that has no MNIST and no network.
 *
 * Each is a few strokes, as a hand would draw them, bent and slanted at random,
 * drawn with a pen of random width. Easier than MNIST, and no substitute for it:
 * whoever trains on these says so.
 *
 * @module
 */

import type { LabelledImages } from "../../nn/data/mnist.ts";
import { type Random, seededRandom } from "./random.ts";

type Point = readonly [x: number, y: number];
/** Points that a pen passes through: along a smooth curve, from the third on. */
type Stroke = readonly Point[];
/** Strokes in the unit square; y points down. */
type Glyph = readonly Stroke[];

const SIZE = 28;

// Strokes that touch share a point: distortion moves both ends alike.
const GLYPHS: readonly (readonly Glyph[])[] = [
  [ // 0
    [oval([.5, .5], [.34, .5])],
    [oval([.5, .5], [.27, .5])],
    [oval([.5, .5], [.42, .48])],
  ],
  [ // 1
    [[[.5, 0], [.5, 1]]],
    [[[.3, .24], [.53, 0]], [[.53, 0], [.53, 1]]],
    [[[.3, .2], [.52, 0]], [[.52, 0], [.52, 1]], [[.28, 1], [.76, 1]]],
  ],
  [ // 2
    [
      [[.15, .26], [.27, .06], [.53, 0], [.78, .11], [.8, .34], [.58, .65], [
        .13,
        1,
      ]],
      [[.13, 1], [.9, 1]],
    ],
    [
      [[.2, .16], [.47, 0], [.78, .1], [.78, .36], [.5, .74], [.17, .97]],
      [[.17, .97], [.28, .8], [.5, .88], [.7, .99], [.92, .93]],
    ],
  ],
  [ // 3
    [
      [[.17, .12], [.45, 0], [.77, .09], [.76, .34], [.4, .47]],
      [[.4, .47], [.78, .55], [.86, .8], [.55, 1], [.14, .9]],
    ],
    [
      [[.17, 0], [.8, 0]],
      [[.8, 0], [.44, .4]],
      [[.44, .4], [.78, .48], [.85, .77], [.55, 1], [.14, .92]],
    ],
  ],
  [ // 4
    [[[.66, 0], [.1, .66]], [[.1, .66], [.92, .66]], [[.66, 0], [.66, 1]]],
    [
      [[.22, .03], [.13, .5]],
      [[.13, .5], [.84, .54]],
      [[.8, 0], [.74, .5], [.7, 1]],
    ],
    [[[.54, 0], [.1, .64]], [[.1, .64], [.9, .62]], [[.68, .36], [.62, 1]]],
  ],
  [ // 5
    [
      [[.82, 0], [.28, .01]],
      [[.28, .01], [.2, .44]],
      [[.2, .44], [.5, .35], [.82, .54], [.79, .86], [.46, 1], [.13, .9]],
    ],
    [
      [[.9, .05], [.62, 0], [.34, .04]],
      [[.34, .04], [.26, .4]],
      [[.26, .4], [.62, .48], [.76, .74], [.52, .98], [.14, .94]],
    ],
  ],
  [ // 6
    [[
      [.74, .02],
      [.42, .2],
      [.19, .54],
      [.21, .86],
      [.5, 1],
      [.79, .83],
      [.74, .58],
      [.48, .5],
      [.22, .68],
    ]],
    [
      [[.5, 0], [.25, .38], [.17, .74]],
      [[.17, .74], [.3, .97], [.6, .98], [.8, .78], [.6, .58], [.32, .62], [
        .17,
        .74,
      ]],
    ],
  ],
  [ // 7
    [[[.12, .02], [.86, 0]], [[.86, 0], [.58, .46], [.42, 1]]],
    [[[.12, 0], [.88, .02]], [[.88, .02], [.4, 1]]],
    [
      [[.14, .02], [.86, 0]],
      [[.86, 0], [.6, .46], [.44, 1]],
      [[.34, .5], [.82, .48]],
    ],
    [[[.14, .2], [.16, .02]], [[.16, .02], [.86, 0]], [[.86, 0], [.5, 1]]],
  ],
  [ // 8
    [[
      [.5, .46],
      [.23, .29],
      [.28, .06],
      [.5, 0],
      [.73, .07],
      [.76, .28],
      [.5, .46],
      [.2, .68],
      [.24, .94],
      [.5, 1],
      [.78, .93],
      [.8, .68],
      [.5, .46],
    ]],
    [oval([.5, .23], [.24, .23]), oval([.5, .73], [.31, .27])],
  ],
  [ // 9
    [
      [[.79, .28], [.66, .05], [.4, 0], [.19, .2], [.28, .46], [.55, .48], [
        .79,
        .28,
      ]],
      [[.79, .28], [.78, .62], [.66, 1]],
    ],
    [
      [[.79, .28], [.62, .02], [.34, .04], [.2, .26], [.36, .47], [.62, .44], [
        .79,
        .28,
      ]],
      [[.79, .28], [.82, .7], [.62, .98], [.24, .95]],
    ],
    [oval([.48, .25], [.28, .25]), [[.76, .25], [.7, 1]]],
  ],
];

/**
 * Draws `count` digits of 28x28, as many of each as possible, in random order.
 *
 * Image `i` depends on `seed` and `i` alone: a longer run of the same seed begins
 * with the shorter one.
 */
export function drawSyntheticDigits(
  { count, seed }: { readonly count: number; readonly seed: number },
): LabelledImages {
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count);
  const digits = GLYPHS.map((_, digit) => digit);
  for (let i = 0; i < count; i++) {
    const block = Math.floor(i / digits.length);
    // Blocks of ten share a stream of negative number, images have positive ones.
    const order = seededRandom(seed, -1 - block).shuffled(digits);
    labels[i] = order[i % digits.length]!;
    const image = images.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
    drawDigit(image, labels[i]!, seededRandom(seed, i));
  }
  return { images, labels, rows: SIZE, columns: SIZE };
}

function drawDigit(image: Uint8Array, digit: number, random: Random): void {
  const place = distortion(random);
  const radius = random.between(.75, 1.75);
  const ink = random.between(.8, 1);
  const level = new Float32Array(SIZE * SIZE);
  for (const stroke of random.pick(GLYPHS[digit]!)) {
    const path = smooth(stroke).map(place);
    for (let i = 1; i < path.length; i++) {
      drawSegment(level, [path[i - 1]!, path[i]!], radius);
    }
  }
  const noise = random.between(0, .06);
  for (let i = 0; i < level.length; i++) {
    const value = level[i]! * ink + random.between(-noise, noise);
    image[i] = Math.round(255 * Math.min(1, Math.max(0, value)));
  }
}

/** A random map of the unit square to pixels: bent, then slanted and turned. */
function distortion(random: Random): (point: Point) => Point {
  const angle = random.between(-.22, .22);
  const slant = random.between(-.3, .2);
  const height = random.between(16, 21);
  const width = height * random.between(.62, 1);
  const [left, top] = [random.between(-1.8, 1.8), random.between(-1.8, 1.8)];
  const bends = [0, 1].map(() => ({
    size: random.between(0, .055),
    along: [random.between(2, 6), random.between(2, 6)] as const,
    phase: random.between(0, 2 * Math.PI),
  }));
  const bend = (x: number, y: number, axis: number) => {
    const { size, along: [a, b], phase } = bends[axis]!;
    return size * Math.sin(a * x + b * y + phase);
  };
  return ([x0, y0]) => {
    const y = (y0 + bend(x0, y0, 1) - .5) * height;
    const x = (x0 + bend(x0, y0, 0) - .5) * width - slant * y;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const middle = (SIZE - 1) / 2;
    return [
      middle + left + cos * x - sin * y,
      middle + top + sin * x + cos * y,
    ];
  };
}

/** Points along the Catmull-Rom curve through those of `stroke`. */
function smooth(stroke: Stroke): Point[] {
  const steps = 6; // also of straight lines, which distortion may bend
  const out: Point[] = [stroke[0]!];
  for (let i = 1; i < stroke.length; i++) {
    const [b, c] = [stroke[i - 1]!, stroke[i]!];
    const [a, d] = [stroke[i - 2] ?? b, stroke[i + 1] ?? c];
    for (let s = 1; s <= steps; s++) {
      const t = s / steps;
      const at = (k: 0 | 1) =>
        b[k] + .5 * t * (c[k] - a[k] +
            t * (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k] +
                t * (3 * (b[k] - c[k]) + d[k] - a[k])));
      out.push([at(0), at(1)]);
    }
  }
  return out;
}

/** Inks the pixels near a segment: fully within `radius`, fading over a pixel. */
function drawSegment(
  level: Float32Array,
  [[x0, y0], [x1, y1]]: readonly [Point, Point],
  radius: number,
): void {
  const reach = radius + 1;
  const first = (a: number, b: number) =>
    Math.max(0, Math.ceil(Math.min(a, b) - reach));
  const last = (a: number, b: number) =>
    Math.min(SIZE - 1, Math.floor(Math.max(a, b) + reach));
  const [dx, dy] = [x1 - x0, y1 - y0];
  const square = dx * dx + dy * dy || 1;
  for (let y = first(y0, y1); y <= last(y0, y1); y++) {
    for (let x = first(x0, x1); x <= last(x0, x1); x++) {
      const along = ((x - x0) * dx + (y - y0) * dy) / square;
      const t = Math.min(1, Math.max(0, along));
      const [ex, ey] = [x - x0 - t * dx, y - y0 - t * dy];
      const distance = Math.sqrt(ex * ex + ey * ey); // far faster than hypot
      const value = Math.min(1, Math.max(0, radius + .5 - distance));
      const i = y * SIZE + x;
      if (value > level[i]!) level[i] = value;
    }
  }
}

/** A closed stroke from the top, against the clock, as most hands draw it. */
function oval([cx, cy]: Point, [rx, ry]: Point): Stroke {
  return Array.from({ length: 13 }, (_, i) => {
    const angle = 2 * Math.PI * i / 12;
    return [cx - rx * Math.sin(angle), cy - ry * Math.cos(angle)];
  });
}
