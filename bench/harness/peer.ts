/** What a peer is: a library that does tasks. */

import type { TaskName, Tasks } from "../rows/tasks.ts";

/** A task that is ready to be timed. */
export interface Prepared {
  /** One call. Its work is done when it returns, or when its promise resolves. */
  readonly run: () => unknown;
  /** Waits for what calls may have left behind; timed once for many small calls. */
  readonly finish?: () => unknown;
  /** Numbers of the result, to compare with other peers; called before any `run`. */
  readonly check: () => readonly number[] | Promise<readonly number[]>;
  /** Frees what the task holds, where a library asks for that. */
  readonly release?: () => void;
}

/** Several ways to do a task: the fastest is the one that is timed. */
export interface Choice {
  readonly modes: Readonly<Record<string, () => Prepared>>;
}

/** How a peer does each task that it can do. */
export type PeerTasks = {
  readonly [T in TaskName]?: (
    sizes: Tasks[T],
  ) => Prepared | Choice | Promise<Prepared | Choice>;
};

/** Says why a peer has no number in a row. */
export class Missing extends Error {}
