/**
 * Measures this library beside others, on identical work.
 *
 * ```sh
 * deno task bench [--only ROW] [--around] [--rounds N] [--seconds S] [--peers a,b]
 *                 [--device NAME] [--out DIR] [--readme] [--quick] [--soak]
 * ```
 *
 * Every peer is a process of its own. For each row the peers take turns, several
 * rounds, one working at a time; what is shown are medians. Their results are
 * compared, too. Writes `bench.json` and `bench.svg` to DIR (out), and with
 * `--readme` the table into README.md.
 *
 * - `--around` measures sizes around the rows instead, and draws what size costs.
 * - `--soak` watches the memory of long loops instead (`soak.json`, `soak.svg`).
 * - `--quick` takes sizes that mean nothing, to see that everything works.
 *
 * @module
 */

import { cpus } from "node:os";
import { parseArgs } from "@std/cli/parse-args";
import { refuseUnknown } from "../examples/_util/options.ts";
import { Contestant, measure } from "./harness/drive.ts";
import { PEERS } from "./peers/mod.ts";
import { curves } from "./report/curves.ts";
import { picture } from "./report/picture.ts";
import { writeReadme } from "./report/readme.ts";
import { resultOf, type RowResult } from "./report/results.ts";
import { number, table } from "./report/table.ts";
import { chosen } from "./rows/mod.ts";
import { quick } from "./rows/quick.ts";
import { soak } from "./soak/main.ts";

const USAGE = "deno task bench [--only ROW] [--around] [--rounds N] " +
  "[--seconds S] [--peers a,b] [--device NAME] [--out DIR] [--readme] " +
  "[--quick] [--soak]";

const options = parseArgs(Deno.args, {
  unknown: refuseUnknown(USAGE),
  boolean: ["around", "readme", "quick", "soak", "help"],
  string: ["only", "rounds", "seconds", "peers", "device", "out"],
  default: { out: "out", peers: Object.keys(PEERS).join(",") },
});

if (options.help) {
  console.log(USAGE);
  Deno.exit();
}
if (options.readme && (options.only || options.around || options.quick)) {
  fail(
    "--readme is for the whole table: leave out --only, --around and --quick",
  );
}
await Deno.mkdir(options.out, { recursive: true });
if (options.soak) await soak(options);
else await compare();
Deno.exit();

async function compare(): Promise<void> {
  const { only, around } = options;
  const groups = chosen({ only, around });
  if (groups.length === 0) fail(`There is no row with "${only}" in its name`);
  const contestants = await enter(options.peers.split(","));
  const names = contestants.map(({ name }) => name);
  const patience = {
    rounds: positive("rounds", options.quick ? 1 : 5),
    seconds: positive("seconds", options.quick ? 0.01 : 0.15),
    limit: 60,
  };
  const rows: RowResult[] = [];
  const began = performance.now();
  for (const { title, rows: asked } of groups) {
    for (const one of asked) {
      const row = options.quick ? quick(one) : one;
      const cells = await measure(row, contestants, patience);
      const result = resultOf(
        { row, group: title, cells, peak: peakOf(rows) },
        names,
      );
      rows.push(result);
      console.error(summary(result));
    }
  }
  for (const one of contestants) await one[Symbol.asyncDispose]();
  const minutes = (performance.now() - began) / 60000;
  await write(rows, contestants, minutes);
}

async function enter(names: readonly string[]): Promise<readonly Contestant[]> {
  const contestants: Contestant[] = [];
  for (const name of names) {
    const peer = PEERS[name];
    if (!peer) {
      fail(
        `There is no peer "${name}". Peers are: ${
          Object.keys(PEERS).join(", ")
        }`,
      );
    }
    const entered = await Contestant.enter(name, peer, options.device);
    if ("absent" in entered) {
      console.error(`Without ${peer.title}: ${entered.absent}`);
    } else contestants.push(entered);
  }
  if (contestants.length === 0) fail("No peer is left to be measured");
  return contestants;
}

/** The multiply-add limit of all cores, once it has been measured. */
function peakOf(rows: readonly RowResult[]): number | undefined {
  const all = rows.filter(({ row }) => row.task === "multiplyAdd")
    .map(({ results }) => results.limits?.value ?? 0);
  return all.length > 0 ? Math.max(...all) : undefined;
}

function summary({ row, results, isMet, blas, behind }: RowResult): string {
  const values = Object.entries(results).map((
    [name, { value, missing, mode, agrees }],
  ) =>
    `${name} ${value === undefined ? missing ?? "ok" : number(value)}` +
    `${mode && ` [${mode}]`}${agrees ? "" : " ≠"}`
  ).filter((text) => !text.endsWith("–"));
  const verdict = [
    ...isMet === false ? ["misses its goal"] : [],
    ...blas?.isMet === false ? ["misses its goal with BLAS"] : [],
    ...behind.map((name) => `behind ${name}`),
  ].join(", ");
  return `${row.name} (${row.unit}): ${values.join(", ")}` +
    `${verdict && `: ${verdict}`}`;
}

async function write(
  rows: readonly RowResult[],
  contestants: readonly Contestant[],
  minutes: number,
): Promise<void> {
  const columns = contestants.filter(({ name }) => name !== "limits")
    .map(({ name, peer }) => ({ name, title: peer.title }));
  const markdown = table(rows, columns);
  console.log(markdown);
  const file = {
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    minutes,
    peers: Object.fromEntries(contestants.map((c) => [c.name, c.version])),
    rows,
  };
  const name = `${options.out}/${options.around ? "around" : "bench"}`;
  await Deno.writeTextFile(`${name}.json`, JSON.stringify(file, null, 1));
  await Deno.writeTextFile(`${name}.svg`, picture(rows, columns));
  if (options.around) {
    await Deno.writeTextFile(
      `${options.out}/curves.svg`,
      curves(rows, columns),
    );
  }
  console.error(
    `Wrote ${name}.json and ${name}.svg in ${minutes.toFixed(1)} minutes`,
  );
  if (options.readme) {
    await writeReadme(`${setting(contestants)}\n\n${markdown}`);
  }
}

/** Where and of what this was measured. */
function setting(contestants: readonly Contestant[]): string {
  const [cpu] = cpus();
  const peers = contestants.filter(({ name }) => name !== "limits")
    .map(({ peer, version }) => `${peer.title} (${version})`);
  return `${navigator.hardwareConcurrency} cores (${cpu?.model.trim()}), ` +
    `Deno ${Deno.version.deno}: ${
      peers.join(", ")
    }. Medians; in parentheses, ` +
    `how many times as fast dinograd is.`;
}

function positive(name: "rounds" | "seconds", otherwise: number): number {
  const value = Number(options[name] ?? otherwise);
  return value > 0
    ? value
    : fail(`--${name} ${options[name]}: needs more than 0`);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(1);
}
