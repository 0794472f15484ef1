/** Prints arrays as NumPy does, with its defaults: `numpy/_core/arrayprint.py`. */

import { castValue } from "./casting.ts";
import { type DType, isFloating } from "./dtype.ts";
import type { Storage } from "./storage.ts";

const PRECISION = 8;
const LINE_WIDTH = 75;
/** Above so many elements, only those at the edges are printed. */
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;
const PREFIX = "NDArray(";

type Format = (value: number) => string;

/** The array as a call that would make it: `NDArray([1., 2.], dtype=float32)`. */
export function formatArray(
  values: Storage,
  shape: readonly number[],
  dtype: DType,
): string {
  const suffix = `dtype=${dtype})`;
  if (values.length === 0) {
    const extents = shape.length === 1 ? "" : `shape=[${shape.join(", ")}], `;
    return `${PREFIX}[], ${extents}${suffix}`;
  }
  const isSummary = values.length > THRESHOLD;
  const shown = isSummary ? edgesOf(values, shape) : Array.from(values);
  const format = formatOf(shown, dtype);
  const layout = { values, shape, format, isSummary };
  const body = nested(layout, 0, 0, " ".repeat(PREFIX.length), LINE_WIDTH - 1);
  const lastLine = body.length - body.lastIndexOf("\n") - 1 +
    (body.includes("\n") ? 0 : PREFIX.length);
  const gap = lastLine + 2 + suffix.length > LINE_WIDTH
    ? `\n${" ".repeat(PREFIX.length)}`
    : " ";
  return `${PREFIX}${body},${gap}${suffix}`;
}

/** The elements that a summary shows: at most three from either end of each axis. */
function edgesOf(values: Storage, shape: readonly number[]): readonly number[] {
  const collect = (axis: number, offset: number): readonly number[] =>
    axis === shape.length
      ? [values[offset]!]
      : positionsOf(shape[axis]!, true).flatMap((i) =>
        i === null ? [] : collect(axis + 1, offset * shape[axis]! + i)
      );
  // `offset` counts blocks of the remaining axes, so that it ends as an element.
  return collect(0, 0);
}

/** Positions along an axis that are printed; `null` stands for those left out. */
function positionsOf(
  extent: number,
  isSummary: boolean,
): readonly (number | null)[] {
  if (!isSummary || extent <= 2 * EDGE_ITEMS) {
    return Array.from({ length: extent }, (_, i) => i);
  }
  const first = Array.from({ length: EDGE_ITEMS }, (_, i) => i);
  const last = first.map((i) => extent - EDGE_ITEMS + i);
  return [...first, null, ...last];
}

interface Layout {
  readonly values: Storage;
  readonly shape: readonly number[];
  readonly format: Format;
  readonly isSummary: boolean;
}

/** The block of axes from `axis` on, whose lines begin after `indent`. */
function nested(
  layout: Layout,
  axis: number,
  offset: number,
  indent: string,
  width: number,
): string {
  const { values, shape, format, isSummary } = layout;
  if (axis === shape.length) return format(values[offset]!);
  const inner = `${indent} `;
  const items = positionsOf(shape[axis]!, isSummary).map((i) =>
    i === null
      ? "..."
      : nested(layout, axis + 1, offset * shape[axis]! + i, inner, width - 1)
  );
  const left = shape.length - axis;
  const body = left === 1
    ? filledLines(items, inner, width - 1)
    : items.join(`,${"\n".repeat(left - 1)}${inner}`);
  return `[${body}]`;
}

/** Words on lines up to a width; lines after the first begin with `indent`. */
function filledLines(
  words: readonly string[],
  indent: string,
  width: number,
): string {
  const lines: string[] = [];
  let line = indent;
  words.forEach((word, i) => {
    if (line.length > indent.length && line.length + word.length > width) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += i < words.length - 1 ? `${word}, ` : word;
  });
  return [...lines, line].join("\n").slice(indent.length);
}

function formatOf(values: readonly number[], dtype: DType): Format {
  if (isFloating(dtype)) return floatFormat(values, dtype);
  const write = dtype === "bool"
    ? (value: number) => value ? "True" : "False"
    : String;
  const width = widest(values.map(write));
  return (value) => write(value).padStart(width);
}

function widest(words: readonly string[]): number {
  return words.reduce((width, word) => Math.max(width, word.length), 0);
}

/** One format for all: as many digits as the value that needs most, aligned at the point. */
function floatFormat(values: readonly number[], dtype: DType): Format {
  const finite = values.filter(Number.isFinite);
  const isExponential = needsExponent(finite);
  const write = isExponential ? scientificFormat(finite, dtype) : positional;
  const words = finite.map((value) => write(value, dtype).split("."));
  const right = widest(words.map(([, fraction]) => fraction!));
  const special = values.filter((value) => !Number.isFinite(value))
    .map((value) => specialName(value).length - right - 1);
  const left = Math.max(widest(words.map(([whole]) => whole!)), ...special, 0);
  const width = left + 1 + right;
  return (value) => {
    if (finite.length === 0) return specialName(value).padStart(width);
    if (!Number.isFinite(value)) return specialName(value).padStart(width);
    const [whole, fraction] = write(value, dtype).split(".");
    return `${whole!.padStart(left)}.${fraction!.padEnd(right)}`;
  };
}

function specialName(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/** NumPy's rule: very large, very small, or too far apart. */
function needsExponent(finite: readonly number[]): boolean {
  let [least, most] = [Infinity, 0];
  for (const value of finite) {
    if (value === 0) continue;
    least = Math.min(least, Math.abs(value));
    most = Math.max(most, Math.abs(value));
  }
  return most > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1e3);
}

/** The fewest digits that `dtype` reads back as the same value, as a number. */
function shortest(value: number, dtype: DType): number {
  if (dtype === "float64") return value;
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (castValue(candidate, dtype) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/** `12.5`, with at most eight digits after the point and no zeros at the end. */
function positional(value: number, dtype: DType): string {
  const text = signed(value, String(Math.abs(shortest(value, dtype))));
  const [, fraction = ""] = text.split(".");
  const isPlain = !text.includes("e") && fraction.length <= PRECISION;
  const digits = isPlain ? text : value.toFixed(PRECISION);
  const [whole, rest = ""] = digits.split(".");
  return `${whole}.${rest.replace(/0+$/, "")}`;
}

function signed(value: number, digits: string): string {
  return value < 0 || Object.is(value, -0) ? `-${digits}` : digits;
}

/** `1.25e+10`, all with as many digits as the value that needs most. */
function scientificFormat(
  finite: readonly number[],
  dtype: DType,
): (value: number) => string {
  const mantissas = finite.map((value) => {
    const [mantissa] = shortest(value, dtype).toExponential().split("e");
    return mantissa!.split(".")[1]?.length ?? 0;
  });
  const digits = Math.min(PRECISION, Math.max(...mantissas));
  return (value) => {
    // Beyond its own digits a value shows those of its exact decimal form.
    const text = Math.abs(value).toExponential(digits);
    const [mantissa, exponent] = text.split("e");
    const power = exponent!.slice(1).padStart(2, "0");
    const point = mantissa!.includes(".") ? "" : ".";
    return signed(value, `${mantissa}${point}e${exponent![0]}${power}`);
  };
}
