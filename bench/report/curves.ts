/** Cost over size as lines: they should be smooth. */

import {
  COLOURS,
  type Panel,
  point,
  polyline,
  rule,
  svgPage,
  text,
} from "../../examples/_util/svg.ts";
import { isRate } from "../rows/row.ts";
import { fillOf } from "./picture.ts";
import type { RowResult } from "./results.ts";
import { type Column, number } from "./table.ts";

const [LEFT, WIDTH, TOP, BOTTOM] = [56, 460, 24, 250];

/** A page with a chart for each task that was measured at several sizes. */
export function curves(
  rows: readonly RowResult[],
  columns: readonly Column[],
): string {
  const placed = rows.filter(({ row }) => row.at !== undefined);
  const panels = [...Map.groupBy(placed, ({ row }) => row.task)]
    .filter(([, group]) => group.length > 2)
    .map(([task, group]) => chart(task, group, columns));
  return svgPage("What does size cost?", { panels });
}

/** Rates as they are; times as nanoseconds of one element. */
function costOf({ row, results }: RowResult, peer: string): number | undefined {
  const value = results[peer]?.value;
  if (value === undefined || isRate(row)) return value;
  return value * 1e6 / row.at!;
}

function chart(
  task: string,
  rows: readonly RowResult[],
  columns: readonly Column[],
): Panel {
  const sorted = rows.toSorted((a, b) => a.row.at! - b.row.at!);
  const lines = columns.map(({ name }) =>
    sorted.flatMap((result) => {
      const cost = costOf(result, name);
      return cost === undefined ? [] : [[result.row.at!, cost] as const];
    })
  );
  const all = lines.flat();
  const x = logarithmic(all.map(([at]) => at), [LEFT, WIDTH]);
  const y = logarithmic(all.map(([, cost]) => cost), [BOTTOM, TOP]);
  const drawn = lines.map((line, i) => {
    const points = line.map(([at, cost]) => point(x.place(at), y.place(cost)));
    return polyline(points, fillOf(columns[i]!.name));
  });
  const ruled = y.powers.map((power) =>
    rule([LEFT, y.place(power)], WIDTH, number(power))
  );
  const sizes = x.powers.map((power) =>
    text([x.place(power), BOTTOM + 18], String(power), {
      size: 10,
      fill: COLOURS.muted,
      anchor: "middle",
    })
  );
  const legend = columns.map(({ name, title }, i) =>
    text([LEFT + 84 * i, 8], title, { fill: fillOf(name), size: 11 })
  );
  return {
    title: task,
    note: isRate(rows[0]!.row) ? rows[0]!.row.unit : "ns for each element",
    width: WIDTH,
    height: BOTTOM + 24,
    body: [...legend, ...ruled, ...sizes, ...drawn].join(""),
  };
}

/** A logarithmic scale over some values, and the powers of ten inside. */
function logarithmic(
  values: readonly number[],
  [from, to]: readonly [number, number],
) {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(
    Math.log10,
  );
  const share = (value: number) =>
    (Math.log10(value) - low!) / (high! - low! || 1);
  const first = Math.ceil(low!);
  const powers = Array.from(
    { length: Math.max(0, Math.floor(high!) - first + 1) },
    (_, i) => Number((10 ** (first + i)).toPrecision(3)),
  );
  return {
    place: (value: number) => from + share(value) * (to - from),
    powers,
  };
}
