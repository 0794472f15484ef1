/** A row: one measured question. */

import type { TaskName, Tasks } from "./tasks.ts";

/** What the number of a row means. Times are best small, rates large. */
export type Unit = "ms" | "µs" | "GFLOP/s" | "GB/s";

/** What is asked of this library in a row, beyond being ahead of its kind. */
export type Goal = {
  /** At most this, for times. */
  readonly most?: number;
  /** No slower than the best of these peers. */
  readonly peer?: string;
  /** At least this share of the multiply-add limit of all cores. */
  readonly share?: number;
  /** With a BLAS, at least this share of the speed of PyTorch. */
  readonly blas?: number;
};

/** How a row is measured: often, or once in a new process. */
export type Manner =
  | "steady"
  | "first call"
  | "whole process"
  | "whole process from sources"
  | "values";

/** One measured question. */
export interface Row<T extends TaskName = TaskName> {
  readonly name: string;
  readonly task: T;
  readonly sizes: Tasks[T];
  readonly unit: Unit;
  readonly manner: Manner;
  /** Operations or bytes of one call, where the unit is a rate. */
  readonly work?: number;
  /** How far results of peers may lie apart, relative to their largest number. */
  readonly tolerance: number;
  readonly goal: Goal;
  /** Whether the best sample counts, not the middle one: limits are asked for. */
  readonly isLimit?: boolean;
  /** Where it lies on the cost curve of its task, if it does: elements, or a side. */
  readonly at?: number;
}

/** Rows of any task. */
export type AnyRow = { [T in TaskName]: Row<T> }[TaskName];

/** What a row says beyond its task and sizes. */
export type RowOptions = Partial<
  Pick<
    Row,
    "unit" | "manner" | "work" | "tolerance" | "goal" | "isLimit" | "at"
  >
>;

/** A row; in milliseconds, measured often, unless it says otherwise. */
export function row<T extends TaskName>(
  name: string,
  task: T,
  sizes: Tasks[T],
  options: RowOptions = {},
): AnyRow {
  const usual = { unit: "ms", manner: "steady", tolerance: 1e-4, goal: {} };
  return { name, task, sizes, ...usual, ...options } as AnyRow;
}

/** The number that a row shows for a call that took so many milliseconds. */
export function inUnit({ unit, work = 0 }: Row, milliseconds: number): number {
  switch (unit) {
    case "ms":
      return milliseconds;
    case "µs":
      return milliseconds * 1000;
    case "GFLOP/s":
    case "GB/s":
      return work / milliseconds / 1e6;
    default:
      return unit satisfies never;
  }
}

/** Whether larger numbers are better. */
export function isRate({ unit }: Row): boolean {
  return unit === "GFLOP/s" || unit === "GB/s";
}
