/**
 * Which classes a model takes for which.
 *
 * @module
 */

import { COLOURS, type Panel, percent, round, text } from "./svg.ts";

/**
 * How often each true class (row) was predicted as each class (column).
 */
export function confusionPanel(
  { counts, names, cell = 38 }: {
    readonly counts: readonly (readonly number[])[];
    readonly names?: readonly string[];
    readonly cell?: number;
  },
): Panel {
  const name = (k: number) => names?.[k] ?? String(k);
  const left = 34 +
    5 * Math.max(0, ...counts.map((_, k) => name(k).length - 1));
  const top = 34;
  const n = counts.length;
  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const right = counts.reduce((sum, row, k) => sum + row[k]!, 0);
  const center = (k: number) => (k + .5) * cell;
  const small = { anchor: "middle", fill: COLOURS.muted } as const;
  const cells = counts.flatMap((row, i) =>
    row.map((count, j) => {
      const share = count / (sums[i]! || 1);
      // A few errors must show beside hundreds of hits: hence the root.
      const opacity = i === j
        ? .12 + .78 * share
        : Math.min(.9, 1.6 * share ** .5);
      const fill = i === j ? COLOURS.blue : COLOURS.red;
      const [x, y] = [left + j * cell, top + i * cell];
      return `<rect x="${x + 1}" y="${y + 1}" width="${cell - 2}" ` +
        `height="${cell - 2}" rx="4" fill="${count ? fill : "#f1f5f9"}"` +
        `${count ? ` fill-opacity="${round(opacity)}"` : ""}/>` +
        text([x + cell / 2, y + cell / 2 + 4], count ? String(count) : "", {
          anchor: "middle",
          fill: opacity > .55 ? "#fff" : COLOURS.ink,
        });
    })
  );
  const heads = counts.map((_, k) =>
    text([left + center(k), top - 8], name(k), { ...small, weight: 600 }) +
    text([left - 8, top + center(k) + 4], name(k), {
      anchor: "end",
      fill: COLOURS.muted,
      weight: 600,
    }) +
    text(
      [left + n * cell + 52, top + center(k) + 4],
      sums[k] ? percent(counts[k]![k]! / sums[k]!) : "",
      { anchor: "end", fill: COLOURS.muted, size: 11 },
    )
  );
  return {
    title: "Confusion",
    note: `${right} of ${total} right`,
    width: left + n * cell + 54,
    height: top + n * cell,
    body: text([left + n * cell / 2, 6], "predicted", { ...small, size: 11 }) +
      `<g transform="translate(10 ${top + n * cell / 2}) rotate(-90)">` +
      text([0, 0], "true", { ...small, size: 11 }) + `</g>` +
      heads.join("") + cells.join(""),
  };
}
