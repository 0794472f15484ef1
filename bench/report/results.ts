/** What was measured, as numbers that a table shows and a file keeps. */

import type { Cell } from "../harness/drive.ts";
import { median } from "../harness/timing.ts";
import { type AnyRow, inUnit, isRate } from "../rows/row.ts";
import { agree } from "../shared/digest.ts";

/** A peer in a row. */
export interface Result {
  /** Median, in the unit of the row. */
  readonly value?: number;
  /** The quarter points around it. */
  readonly spread?: readonly [number, number];
  /** The best sample: less of what else the machine did. */
  readonly best?: number;
  readonly samples: number;
  readonly mode: string;
  readonly check: readonly number[];
  /** Whether its numbers are those of most others. */
  readonly agrees: boolean;
  /** How many times as fast as this peer the first one is. */
  readonly ratio?: number;
  readonly missing?: string;
}

/** A row with what was measured. */
export interface RowResult {
  readonly group: string;
  readonly row: AnyRow;
  readonly results: Readonly<Record<string, Result>>;
  /** What is asked of the first peer, in the unit of the row; and whether it is met. */
  readonly goal?: number;
  readonly isMet?: boolean;
  /** With a BLAS: how many times as fast as PyTorch, and whether that is enough. */
  readonly blas?: { readonly ratio: number; readonly isMet: boolean };
  /** Peers of its kind that the first one is behind of. */
  readonly behind: readonly string[];
}

/** Libraries of JavaScript, of which none may be ahead. */
const OWN_KIND = ["jax-js", "tfjs"];

/** The results of a row; the first of `names` is the one that is compared. */
export function resultOf(
  { row, group, cells, peak }: {
    readonly row: AnyRow;
    readonly group: string;
    readonly cells: Readonly<Record<string, Cell>>;
    /** The limit of all cores in GFLOP/s, if measured. */
    readonly peak: number | undefined;
  },
  names: readonly string[],
): RowResult {
  const values = new Map(
    names.map((name) => [name, valueOf(row, cells[name])]),
  );
  const own = values.get(names[0]!);
  const right = consensus(row, Object.values(cells));
  const results = Object.fromEntries(names.flatMap((name) => {
    const cell = cells[name];
    if (!cell) return [];
    const value = values.get(name);
    const ratio = name !== names[0] && own !== undefined && value !== undefined
      ? speedOver(row, own, value)
      : undefined;
    const agrees = cell.check.length === 0 || row.manner === "values" ||
      agree(right, cell.check, row.tolerance);
    return [[name, {
      ...value !== undefined && {
        value,
        spread: spreadOf(row, cell),
        best: inUnit(row, Math.min(...cell.times)),
      },
      samples: cell.times.length,
      mode: cell.mode,
      check: cell.check,
      agrees,
      ...ratio !== undefined && { ratio },
      ...cell.missing !== undefined && { missing: cell.missing },
    }]];
  }));
  const goal = goalOf(row, values, peak);
  const isMet = goal !== undefined && own !== undefined
    ? (isRate(row) ? own >= goal : own <= goal)
    : undefined;
  return {
    group,
    row,
    results,
    ...goal !== undefined && { goal },
    ...isMet !== undefined && { isMet },
    ...blasOf(row, values),
    behind: OWN_KIND.filter((name) => (results[name]?.ratio ?? 1) < 1),
  };
}

function valueOf(row: AnyRow, cell: Cell | undefined): number | undefined {
  if (!cell || cell.times.length === 0) return undefined;
  const { times } = cell;
  return inUnit(row, row.isLimit ? Math.min(...times) : median(times));
}

function spreadOf(row: AnyRow, { times }: Cell): readonly [number, number] {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.round(share * (sorted.length - 1))]!;
  return [inUnit(row, at(0.25)), inUnit(row, at(0.75))];
}

function speedOver(row: AnyRow, own: number, other: number): number {
  return isRate(row) ? own / other : other / own;
}

function goalOf(
  row: AnyRow,
  values: ReadonlyMap<string, number | undefined>,
  peak: number | undefined,
): number | undefined {
  const { most, peer, share } = row.goal;
  if (most !== undefined) return most;
  if (peer !== undefined) return values.get(peer);
  return share !== undefined && peak !== undefined ? share * peak : undefined;
}

function blasOf(
  row: AnyRow,
  values: ReadonlyMap<string, number | undefined>,
): Pick<RowResult, "blas"> {
  const [own, torch] = [values.get("dinograd-blas"), values.get("torch")];
  if (!row.goal.blas || own === undefined || torch === undefined) return {};
  const ratio = speedOver(row, own, torch);
  return { blas: { ratio, isMet: ratio >= row.goal.blas } };
}

/** The numbers with which most peers agree. */
function consensus(
  { tolerance }: AnyRow,
  cells: readonly Cell[],
): readonly number[] {
  const all = cells.map(({ check }) => check).filter((c) => c.length > 0);
  const votes = (one: readonly number[]) =>
    all.filter((other) => agree(one, other, tolerance)).length;
  return all.reduce((a, b) => votes(b) > votes(a) ? b : a, all[0] ?? []);
}
