/** What the parent and its peers say to each other: one JSON value a line. */

import type { AnyRow } from "../rows/row.ts";

/** What the parent asks. */
export type Request =
  | ({ readonly do: "prepare" | "first" } & Pick<AnyRow, "task" | "sizes">)
  | { readonly do: "time"; readonly seconds: number }
  | { readonly do: "release" };

/** What a peer answers. */
export type Answer =
  /** It runs, and this is its version. */
  | { readonly ready: string }
  /** The row is ready; these are numbers of its result, computed in this mode. */
  | { readonly check: readonly number[]; readonly mode: string }
  /** Milliseconds of one call, several times. */
  | { readonly times: readonly number[] }
  /** Why there is no number. */
  | { readonly missing: string }
  | { readonly error: string };

/** Lines of text that arrive in pieces. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
