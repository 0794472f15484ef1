/**
 * Pictures of training as SVG: charts in cards, cards on a page.
 *
 * Everything is written into the one file, which any browser shows.
 *
 * @module
 */

/** A chart of a size, to be placed on a page. */
export type Panel = {
  /** What it shows. */
  readonly title: string;
  /** A second, smaller line. */
  readonly note?: string | undefined;
  /** Width of the chart. */
  readonly width: number;
  /** Height of the chart. */
  readonly height: number;
  /** SVG elements between (0, 0) and (width, height). */
  readonly body: string;
};

/** An interval of numbers. */
export type Range = readonly [low: number, high: number];

/** A map from values to places. */
export type Scale = (value: number) => number;

/** Colours of all charts. */
export const COLOURS = {
  ink: "#1e293b",
  muted: "#64748b",
  line: "#e2e8f0",
  blue: "#2563eb",
  red: "#dc2626",
  green: "#059669",
} as const;

const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

/**
 * The page that shows `panels` side by side, `perRow` in a row.
 */
export function svgPage(
  title: string,
  { panels, perRow = 2 }: {
    readonly panels: readonly Panel[];
    readonly perRow?: number;
  },
): string {
  const [margin, gap, pad, head] = [28, 20, 20, 52];
  const rows: Panel[][] = [];
  for (let i = 0; i < panels.length; i += perRow) {
    rows.push(panels.slice(i, i + perRow));
  }
  const widthOf = (row: readonly Panel[]) =>
    row.reduce((sum, panel) => sum + panel.width + 2 * pad + gap, -gap);
  const inner = Math.max(0, ...rows.map(widthOf));
  const cards: string[] = [];
  let y = margin + 44;
  for (const row of rows) {
    const height = Math.max(...row.map((panel) => panel.height)) + head + pad;
    const wider = (inner - widthOf(row)) / row.length; // so that rows align
    let x = margin;
    for (const panel of row) {
      const cardWidth = panel.width + 2 * pad + wider;
      cards.push(
        `<g transform="translate(${round(x)} ${y})">` +
          `<rect width="${round(cardWidth)}" height="${height}" rx="12" ` +
          `fill="#fff" stroke="${COLOURS.line}"/>` +
          text([pad, 29], panel.title, { size: 15, weight: 600 }) +
          text([cardWidth - pad, 29], panel.note ?? "", {
            fill: COLOURS.muted,
            anchor: "end",
          }) +
          `<g transform="translate(${round(pad + wider / 2)} ${head})">` +
          `${panel.body}</g></g>`,
      );
      x += cardWidth + gap;
    }
    y += height + gap;
  }
  const width = inner + 2 * margin;
  const height = y - gap + margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" ` +
    `height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${FONT}">\n<title>${escape(title)}</title>\n` +
    `<rect width="100%" height="100%" fill="#f8fafc"/>\n` +
    text([margin, margin + 21], title, { size: 22, weight: 700 }) +
    `\n${cards.join("\n")}\n</svg>\n`;
}

// ----------------------------------------------------------------- Small parts

/** How a text looks: 12 pixels, regular, dark, from its start. */
export type TextStyle = {
  readonly size?: number;
  readonly weight?: number;
  readonly fill?: string;
  readonly anchor?: "start" | "middle" | "end";
};

/** A text whose baseline is at (x, y); nothing where it is empty. */
export function text(
  [x, y]: readonly [x: number, y: number],
  content: string,
  { size = 12, weight = 400, fill = COLOURS.ink, anchor = "start" }: TextStyle,
): string {
  if (content === "") return "";
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" ` +
    (weight === 400 ? "" : `font-weight="${weight}" `) +
    (anchor === "start" ? "" : `text-anchor="${anchor}" `) +
    `fill="${fill}">${escape(content)}</text>`;
}

/** A line across a chart, with its value left of it. */
export function rule(
  [left, y]: readonly [left: number, y: number],
  right: number,
  label: string,
): string {
  return `<path d="M${point(left, y)}H${
    round(right)
  }" stroke="${COLOURS.line}"/>` +
    text([left - 8, y + 4], label, {
      fill: COLOURS.muted,
      anchor: "end",
      size: 11,
    });
}

/** A line through points. */
export function polyline(points: readonly string[], stroke: string): string {
  return `<polyline points="${points.join(" ")}" fill="none" ` +
    `stroke="${stroke}" stroke-width="2" stroke-linejoin="round"/>`;
}

/** The map that takes one interval to the other. */
export function linear([low, high]: Range, [from, to]: Range): Scale {
  const slope = (to - from) / (high - low || 1);
  return (value) => from + (value - low) * slope;
}

/** About `count` round numbers (1, 2 or 5 times a power of ten) in `range`. */
export function ticks([low, high]: Range, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) =>
    s >= raw * .999
  )!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from(
    { length: last - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
}

/** `share` as a percentage: `98.5 %`. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Coordinates as SVG has them. */
export function point(x: number, y: number): string {
  return `${round(x)},${round(y)}`;
}

/** `value` to two decimal places, which is finer than any screen. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
