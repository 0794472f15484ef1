/** Watches the memory of long loops, and draws it. */

import {
  COLOURS,
  linear,
  type Panel,
  point,
  polyline,
  type Range,
  rule,
  svgPage,
  text,
  ticks,
} from "../../examples/_util/svg.ts";
import type { Sample } from "./loops.ts";

type Curves = {
  readonly device: string;
  readonly eager: readonly Sample[];
  readonly training: readonly Sample[];
};

const MIB = 2 ** 20;

/** Runs the loops, prints what they held, and writes `soak.json` and `soak.svg`. */
export async function soak(
  { out, quick, device }: {
    readonly out: string;
    readonly quick: boolean;
    readonly device?: string | undefined;
  },
): Promise<void> {
  const [eager, steps] = quick ? [2000, 100] : [1e6, 1e5];
  const script = new URL("loops.ts", import.meta.url).pathname;
  const args = [String(eager), String(steps), ...device ? [device] : []];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", script, ...args],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("The loops did not end well");
  const curves: Curves = JSON.parse(new TextDecoder().decode(stdout));
  console.log(account(`${eager} eager operations`, curves.eager));
  console.log(account(`${steps} training steps`, curves.training));
  await Deno.writeTextFile(`${out}/soak.json`, JSON.stringify(curves));
  const panels = [
    panel(`${eager} eager operations of 4 KiB`, curves.eager),
    panel(`${steps} training steps`, curves.training),
  ];
  const title = `Memory of synchronous loops on ${curves.device}`;
  await Deno.writeTextFile(`${out}/soak.svg`, svgPage(title, { panels }));
  console.error(`Wrote ${out}/soak.json and ${out}/soak.svg`);
}

/** Largest memory of the second tenth and of the last: about the same, if nothing leaks. */
function account(name: string, samples: readonly Sample[]): string {
  const tenth = Math.ceil(samples.length / 10);
  const most = (part: readonly Sample[]) =>
    `${(Math.max(...part.map(({ rss }) => rss)) / MIB).toFixed(0)} MiB`;
  const seconds = (samples.at(-1)!.milliseconds / 1000).toFixed(1);
  return `${name}: ${seconds} s; at most ${
    most(samples.slice(tenth, 2 * tenth))
  } ` +
    `early, ${most(samples.slice(-tenth))} late`;
}

function panel(title: string, samples: readonly Sample[]): Panel {
  const [left, width, height] = [60, 480, 260];
  const bytes: Range = [
    0,
    Math.max(...samples.map(({ rss }) => rss)) / MIB * 1.1,
  ];
  const x = linear([0, samples.at(-1)!.step], [left, width]);
  const y = linear(bytes, [height - 24, 24]);
  const curve = (key: "rss" | "heap", colour: string) =>
    polyline(samples.map((s) => point(x(s.step), y(s[key] / MIB))), colour);
  const reserved = Math.max(...samples.map(({ wasm }) => wasm)) / MIB;
  const legend = text([left, 8], "process", { fill: COLOURS.blue, size: 11 }) +
    text([left + 70, 8], "heap of the engine", {
      fill: COLOURS.red,
      size: 11,
    }) +
    text([left + 200, 8], `addresses reserved for kernels: ${reserved} MiB`, {
      fill: COLOURS.muted,
      size: 11,
    });
  const body = legend +
    ticks(bytes, 5).map((v) => rule([left, y(v)], width, `${v} MiB`)).join("") +
    curve("rss", COLOURS.blue) + curve("heap", COLOURS.red) +
    text([width, height - 4], `step ${samples.at(-1)!.step}`, {
      anchor: "end",
      size: 11,
      fill: COLOURS.muted,
    });
  return { title, width, height, body };
}
