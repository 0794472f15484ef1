/** Two classes of points in the unit square: the sets of the minitorch course. */

import { seededRandom } from "./random.ts";

/** Points and their classes, 0 or 1. */
export type PointSet = {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly labels: readonly number[];
};

type Rule = (x: number, y: number) => boolean;

const byRule = (rule: Rule) => (count: number, seed: number): PointSet => {
  const random = seededRandom(seed);
  const points = Array.from(
    { length: count },
    () => [random.between(0, 1), random.between(0, 1)] as const,
  );
  return { points, labels: points.map(([x, y]) => Number(rule(x, y))) };
};

/** Two arms that turn around each other. */
function spiral(count: number): PointSet {
  const half = Math.floor(count / 2);
  const angles = Array.from({ length: half }, (_, i) => 10 * (i + 5) / half);
  const x = (t: number) => t * Math.cos(t) / 20;
  const y = (t: number) => t * Math.sin(t) / 20;
  return {
    points: [
      ...angles.map((t) => [x(t) + 0.5, y(t) + 0.5] as const),
      ...angles.map((t) => [y(-t) + 0.5, x(-t) + 0.5] as const),
    ],
    labels: [...angles.map(() => 0), ...angles.map(() => 1)],
  };
}

/** The sets by name: `count` points, drawn with a seed. */
export const POINT_SETS: Readonly<
  Record<string, (count: number, seed: number) => PointSet>
> = {
  simple: byRule((x) => x < 0.5),
  diagonal: byRule((x, y) => x + y < 0.5),
  split: byRule((x) => x < 0.2 || x > 0.8),
  xor: byRule((x, y) => (x < 0.5) !== (y < 0.5)),
  circle: byRule((x, y) => (x - 0.5) ** 2 + (y - 0.5) ** 2 > 0.1),
  spiral,
};
