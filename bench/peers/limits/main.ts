/** The limits of this machine as a peer: loops that do nothing useful. */

import type { PeerTasks, Prepared } from "../../harness/peer.ts";
import { serve } from "../../harness/serve.ts";
import { ROUNDS } from "../../shared/limits.ts";
import { Crew } from "./crew.ts";
import { COPY, MULTIPLY_ADD } from "./modules.ts";

const PAGE = 65536;

function crew(
  bytes: Uint8Array<ArrayBuffer>,
  pages: number,
  args: readonly (readonly number[])[],
): Prepared {
  const memory = new WebAssembly.Memory({
    initial: pages,
    maximum: PAGE,
    shared: true,
  });
  const threads = new Crew(bytes, memory, args);
  return {
    run: () => threads.run(),
    check: () => [],
    release: () => threads.dispose(),
  };
}

const tasks: PeerTasks = {
  multiplyAdd: ({ threads }) =>
    crew(MULTIPLY_ADD, 1, Array.from({ length: threads }, () => [ROUNDS])),
  copy: ({ bytes, threads }) => {
    const part = Math.ceil(bytes / threads / 64) * 64;
    const pages = Math.ceil(2 * part * threads / PAGE);
    const args = Array.from({ length: threads }, (_, i) => //
    [i * part, (threads + i) * part, part]);
    return crew(COPY, pages, args);
  },
};

await serve({ version: Deno.version.v8, tasks });
