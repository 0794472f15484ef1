/** The results as a table in Markdown. */

import { EXACT } from "../rows/accuracy.ts";
import { isRate } from "../rows/row.ts";
import type { Result, RowResult } from "./results.ts";

/** A peer as a column. */
export interface Column {
  readonly name: string;
  readonly title: string;
}

/** Header, one line for each row, and notes on what disagrees or failed. */
export function table(
  rows: readonly RowResult[],
  columns: readonly Column[],
): string {
  const shown = rows.filter(({ row }) => !row.isLimit);
  const header = ["", ...columns.map(({ title }) => title), "goal"];
  const lines = [
    header,
    header.map((_, i) => i === 0 ? "---" : "--:"),
    ...shown.flatMap((result) => linesOf(result, columns)),
  ];
  const limits = rows.filter(({ row }) => row.isLimit);
  return [
    ...limits.length > 0 ? [limitsLine(limits), ""] : [],
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
    ...notes(rows, columns).flatMap((note) => ["", note]),
  ].join("\n");
}

function limitsLine(rows: readonly RowResult[]): string {
  const parts = rows.map(({ row, results }) => {
    const value = results.limits?.value;
    return `${row.name.replace("limit: ", "")} ` +
      `${value === undefined ? "–" : number(value)} ${row.unit}`;
  });
  return `Limits of this machine: ${parts.join("; ")}.`;
}

function linesOf(
  result: RowResult,
  columns: readonly Column[],
): readonly (readonly string[])[] {
  if (result.row.task === "accuracy") return accuracyLines(result, columns);
  const { row, results } = result;
  const title = `${row.name}, ${row.unit}`;
  return [[
    title,
    ...columns.map(({ name }, i) => cellOf(results[name], i === 0)),
    goalOf(result),
  ]];
}

function cellOf(result: Result | undefined, isOwn: boolean): string {
  if (!result) return "–";
  const { value, ratio, agrees, missing } = result;
  if (value === undefined) return isShort(missing) ? missing! : "failed";
  const shown = isOwn ? `**${number(value)}**` : number(value);
  const times = ratio === undefined ? "" : ` (${number(ratio)}×)`;
  return `${shown}${times}${agrees ? "" : " ≠"}`;
}

const isShort = (text = "–") => text.length <= 12;

function goalOf({ row, goal, isMet, blas }: RowResult): string {
  const mark = (isMet: boolean | undefined) =>
    isMet === undefined ? "" : isMet ? " ✓" : " ✗";
  const sign = isRate(row) ? "≥" : "≤";
  return [
    ...goal === undefined ? [] : [`${sign} ${number(goal)}${mark(isMet)}`],
    ...blas === undefined ? [] : [
      `BLAS ≥ ${row.goal.blas}× PyTorch${mark(blas.isMet)}`,
    ],
  ].join("; ");
}

function accuracyLines(
  { row, results }: RowResult,
  columns: readonly Column[],
) {
  const { sum } = row.sizes as { readonly sum: number };
  return EXACT({ sum }).map(([name, exact], i) => {
    const cells = columns.map(({ name }, column) => {
      const value = results[name]?.check[i];
      if (value === undefined) return "–";
      const off = Math.abs(value / exact - 1);
      const verdict = off < 5e-7 ? "right" : `off by ${off.toPrecision(2)}`;
      return column === 0 ? `**${verdict}**` : verdict;
    });
    return [name, ...cells, "right"];
  });
}

/** What a reader must know before trusting a number. */
function notes(rows: readonly RowResult[], columns: readonly Column[]) {
  return rows.flatMap(({ row, results }) =>
    columns.flatMap(({ name, title }) => {
      const result = results[name];
      if (!result) return [];
      const failed = result.missing !== undefined && !isShort(result.missing)
        ? [`${row.name}: ${title} ${result.missing}`]
        : [];
      const differs = result.agrees ? [] : [
        `≠ ${row.name}: ${title} has ${show(result.check)}, others have not`,
      ];
      return [...failed, ...differs];
    })
  );
}

const show = (check: readonly number[]) =>
  check.slice(0, 4).map((x) => x.toPrecision(6)).join(", ");

/** Three digits, and no exponent where people do not expect one. */
export function number(value: number): string {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
    ? value.toFixed(1)
    : value >= 1
    ? value.toFixed(2)
    : Number(value.toPrecision(2)).toString();
}
