/** The side of the parent: rows one after the other, peers in turn. */

import { type Absent, coldLaunch, type Peer } from "../peers/mod.ts";
import type { AnyRow } from "../rows/row.ts";
import { Child, type Launch } from "./child.ts";
import type { Answer } from "./protocol.ts";

/** What was measured of a peer in a row. */
export interface Cell {
  /** Milliseconds of one call, many times. */
  readonly times: readonly number[];
  /** Numbers of the result. */
  readonly check: readonly number[];
  /** The mode that was fastest, where there are several. */
  readonly mode: string;
  /** Why there are no times. */
  readonly missing?: string;
}

/** How long things may take. */
export interface Patience {
  readonly rounds: number;
  /** Seconds that a peer is timed in a round. */
  readonly seconds: number;
  /** Seconds until a peer is given up in a row. */
  readonly limit: number;
}

const NOTHING: Cell = { times: [], check: [], mode: "" };

/** A peer's process, started when needed, and again after it died. */
export class Contestant implements AsyncDisposable {
  version = "";
  private child: Child | null = null;

  private constructor(
    readonly name: string,
    readonly peer: Peer,
    private readonly how: Launch,
  ) {}

  /** The peer, ready to be asked; or why it is absent. */
  static async enter(
    name: string,
    peer: Peer,
    device: string | undefined,
  ): Promise<Contestant | Absent> {
    const how = await peer.launch(device);
    if ("absent" in how) return how;
    const contestant = new Contestant(name, peer, how);
    try {
      await contestant.running();
    } catch (error) {
      return { absent: `does not start: ${error}` };
    }
    return contestant;
  }

  private async running(): Promise<Child> {
    this.child ??= await Child.start(this.how, 60);
    this.version = this.child.version;
    return this.child;
  }

  /** Asks; a process that did not answer is replaced for the next question. */
  async ask(
    request: Parameters<Child["ask"]>[0],
    seconds: number,
  ): Promise<Answer> {
    const child = await this.running();
    const answer = await child.ask(request, seconds);
    if ("error" in answer && /^(ended|took more)/.test(answer.error)) {
      await this[Symbol.asyncDispose]();
    }
    return answer;
  }

  /** Asks a new process, and ends it. */
  async askNew(
    request: Parameters<Child["ask"]>[0],
    seconds: number,
  ): Promise<Answer> {
    await using child = await Child.start(this.how, 60);
    return await child.ask(request, seconds);
  }

  /** Milliseconds of each process that a script is, for some time, or why there are none. */
  async wholeProcess(
    script: string | undefined,
    seconds: number,
  ): Promise<Answer> {
    if (!script) return { missing: "–" };
    const { command, args, env } = coldLaunch(this.how, script);
    const process = new Deno.Command(command, {
      args: [...args],
      env: env ?? {},
      stdout: "null",
      stderr: "piped",
    });
    const times: number[] = [];
    const end = performance.now() + 1000 * seconds;
    do {
      const start = performance.now();
      const { success, stderr } = await process.output();
      times.push(performance.now() - start);
      if (!success) {
        return { error: new TextDecoder().decode(stderr).slice(-500) };
      }
    } while (performance.now() < end);
    return { times };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child?.[Symbol.asyncDispose]();
    this.child = null;
  }
}

/** Whole processes have so many times as long as calls: fewer fit, and they vary more. */
const PROCESSES = 4;

/** Measures one row on all peers, which take turns. */
export async function measure(
  row: AnyRow,
  all: readonly Contestant[],
  patience: Patience,
): Promise<Readonly<Record<string, Cell>>> {
  const cells: Record<string, Cell> = {};
  const contestants = all.filter(({ peer }) =>
    peer.tasks?.has(row.task) ?? true
  );
  const isLong = row.manner === "steady" || row.manner === "values";
  const { task, sizes } = row;
  for (const one of contestants) {
    const answer: Answer = isLong
      ? await one.ask({ do: "prepare", task, sizes }, patience.limit)
      : { check: [], mode: "" };
    cells[one.name] = cellOf(answer);
  }
  const rounds = row.manner === "values" ? 0 : patience.rounds;
  for (let round = 0; round < rounds; round++) {
    for (const one of contestants) {
      const cell = cells[one.name]!;
      if (cell.missing !== undefined) continue;
      const answer = await timed(row, one, patience);
      cells[one.name] = "times" in answer
        ? { ...cell, times: [...cell.times, ...answer.times] }
        : cellOf(answer);
    }
  }
  if (isLong) {
    for (const one of contestants) {
      await one.ask({ do: "release" }, patience.limit);
    }
  }
  return cells;
}

function timed(
  { manner, task, sizes }: AnyRow,
  one: Contestant,
  { seconds, limit }: Patience,
): Promise<Answer> {
  switch (manner) {
    case "steady":
    case "values":
      return one.ask({ do: "time", seconds }, limit);
    case "first call":
      return one.askNew({ do: "first", task, sizes }, limit);
    case "whole process":
      return one.wholeProcess(one.peer.cold, PROCESSES * seconds);
    case "whole process from sources":
      return one.wholeProcess(one.peer.coldSources, PROCESSES * seconds);
    default:
      return manner satisfies never;
  }
}

function cellOf(answer: Answer): Cell {
  if ("check" in answer) return { ...NOTHING, ...answer };
  if ("missing" in answer) return { ...NOTHING, missing: answer.missing };
  const error = "error" in answer ? answer.error : "answered out of turn";
  return { ...NOTHING, missing: error };
}
