/** The ratios as bars: how many times as fast this library is. */

import {
  COLOURS,
  type Panel,
  round,
  svgPage,
  text,
} from "../../examples/_util/svg.ts";
import type { RowResult } from "./results.ts";
import { type Column, number } from "./table.ts";

/** Colours of the peers, the same in all pictures. */
const FILLS: Readonly<Record<string, string>> = {
  "dinograd": "#1e293b",
  "dinograd-blas": "#94a3b8",
  "jax-js": "#2563eb",
  "tfjs": "#d97706",
  "torch": "#059669",
  "numpy": "#dc2626",
};

/** The colour of a peer. */
export function fillOf(peer: string): string {
  return FILLS[peer] ?? "#7c3aed";
}

const [LABEL, CHART, BAR, GAP] = [330, 400, 8, 10];

/** Room between names of rows and bars, for the numbers of bars that end at the left edge. */
const ROOM = 48;

/** Decades left and right of "as fast". */
const [SLOWEST, FASTEST] = [0.1, 100];

/** A page with one chart for each question. */
export function picture(
  rows: readonly RowResult[],
  columns: readonly Column[],
): string {
  const others = columns.filter(({ name }) => !name.startsWith("dinograd"));
  const groups = Map.groupBy(
    rows.filter(({ results }) =>
      others.some(({ name }) => results[name]?.ratio !== undefined)
    ),
    ({ group }) => group,
  );
  const panels = [...groups].map(([title, rows]) => chart(title, rows, others));
  const own = columns[0]?.title ?? "nothing";
  const title = `How many times as fast as others is ${own}?`;
  return svgPage(title, { panels: [legend(others), ...panels], perRow: 1 });
}

function legend(peers: readonly Column[]): Panel {
  const body = peers.map(({ name, title }, i) =>
    `<rect x="${i * 150}" y="4" width="14" height="10" rx="2" fill="${
      fillOf(name)
    }"/>` + text([i * 150 + 20, 14], title, {})
  ).join("");
  return {
    title: "Bars to the right: faster than this peer; to the left: slower",
    note: "logarithmic",
    width: LABEL + CHART,
    height: 20,
    body,
  };
}

/** Where a ratio lies; what is beyond the edges lies on them. */
function place(ratio: number): number {
  const share =
    Math.log(Math.min(FASTEST, Math.max(SLOWEST, ratio)) / SLOWEST) /
    Math.log(FASTEST / SLOWEST);
  return LABEL + share * (CHART - 50);
}

function chart(
  title: string,
  rows: readonly RowResult[],
  peers: readonly Column[],
): Panel {
  let y = 16;
  const parts: string[] = [];
  for (const { row, results } of rows) {
    const bars = peers.flatMap(({ name }) => {
      const ratio = results[name]?.ratio;
      return ratio === undefined ? [] : [{ ratio, fill: fillOf(name) }];
    });
    const middle = y + bars.length * BAR / 2 + 4;
    parts.push(
      text([LABEL - ROOM, middle], row.name, { anchor: "end", size: 11 }),
    );
    for (const { ratio, fill } of bars) {
      parts.push(bar(ratio, y, fill));
      y += BAR;
    }
    y += GAP;
  }
  const body = grid(y) + parts.join("");
  return { title, width: LABEL + CHART, height: y, body };
}

function bar(ratio: number, y: number, fill: string): string {
  const [one, end] = [place(1), place(ratio)];
  const [left, width] = [Math.min(one, end), Math.max(1, Math.abs(end - one))];
  const label = ratio >= 1
    ? text([left + width + 3, y + BAR - 1], `${number(ratio)}×`, {
      size: 8,
      fill: COLOURS.muted,
    })
    : text([left - 3, y + BAR - 1], `${number(ratio)}×`, {
      size: 8,
      fill: COLOURS.muted,
      anchor: "end",
    });
  return `<rect x="${round(left)}" y="${y}" width="${round(width)}" ` +
    `height="${BAR - 1}" fill="${fill}" rx="1"/>${label}`;
}

function grid(height: number): string {
  return [0.1, 0.3, 1, 3, 10, 30, 100].map((ratio) => {
    const x = round(place(ratio));
    const stroke = ratio === 1 ? COLOURS.ink : COLOURS.line;
    return `<path d="M${x},10V${height - 6}" stroke="${stroke}"/>` +
      text([x, 6], `${ratio}×`, {
        size: 9,
        fill: COLOURS.muted,
        anchor: "middle",
      });
  }).join("");
}
