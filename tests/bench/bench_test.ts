import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withTable } from "../../bench/report/readme.ts";
import { resultOf } from "../../bench/report/results.ts";
import { table } from "../../bench/report/table.ts";
import { chosen } from "../../bench/rows/mod.ts";
import { inUnit, row } from "../../bench/rows/row.ts";
import { integers, seedOf, uniform } from "../../bench/shared/data.ts";
import { agree, digest } from "../../bench/shared/digest.ts";

const root = new URL("../../", import.meta.url);

/** Runs the command on this library alone. */
async function bench(...args: readonly string[]) {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "bench/main.ts", ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await process.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

async function inFolder(f: (out: string) => Promise<void>): Promise<void> {
  const out = await Deno.makeTempDir();
  try {
    await f(out);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

Deno.test("bench measures this library and writes what it found", () =>
  inFolder(async (out) => {
    const own = ["--quick", "--peers", "dinograd,limits", "--out", out];
    for (const only of ["softmax", "cumsum", "MLP", "SIMD128"]) {
      const { code, stdout, stderr } = await bench(...own, "--only", only);
      assertEquals(code, 0, stderr);
      const { rows } = JSON.parse(await Deno.readTextFile(`${out}/bench.json`));
      assert(rows.length > 0);
      const peer = only === "SIMD128" ? "limits" : "dinograd";
      for (const { row, results } of rows) {
        const { value, missing } = results[peer];
        assert(value > 0, `${row.name}: ${missing}`);
        assertStringIncludes(stdout, row.name.replace("limit: ", ""));
      }
      assertStringIncludes(await Deno.readTextFile(`${out}/bench.svg`), "<svg");
    }
  }));

Deno.test("bench --soak writes curves of memory", () =>
  inFolder(async (out) => {
    const { code, stderr } = await bench("--soak", "--quick", "--out", out);
    assertEquals(code, 0, stderr);
    const { eager, training } = JSON.parse(
      await Deno.readTextFile(`${out}/soak.json`),
    );
    for (const samples of [eager, training]) {
      assert(samples.length > 50);
      assert(samples.every(({ rss }: { rss: number }) => rss > 0));
    }
    assertStringIncludes(await Deno.readTextFile(`${out}/soak.svg`), "heap");
  }));

Deno.test("bench says what there is where a name is wrong", async () => {
  const peer = await bench("--peers", "dinosaur");
  assertEquals(peer.code, 1);
  assertStringIncludes(peer.stderr, 'There is no peer "dinosaur". Peers are:');
  const none = await bench("--only", "fortune");
  assertStringIncludes(none.stderr, 'There is no row with "fortune"');
});

Deno.test("bench goes on without a peer that is absent, and says so", () =>
  inFolder(async (out) => {
    Deno.env.set("BENCH_PYTHON", "/nowhere/python");
    const { code, stderr } = await bench(
      ...["--quick", "--only", "cumsum", "--peers", "dinograd,torch"],
      ...["--out", out],
    );
    Deno.env.delete("BENCH_PYTHON");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "Without PyTorch: no Python with torch");
  }));

Deno.test("rows have names of their own, and so have the sizes around", () => {
  for (const around of [false, true]) {
    const names = chosen({ around }).flatMap(({ rows }) =>
      rows.map(({ name }) => name)
    );
    assertEquals(new Set(names).size, names.length);
  }
});

Deno.test("times become rates where the row says so", () => {
  const rate = row("r", "matmul", { batch: 1, m: 1, k: 1, n: 1 }, {
    unit: "GFLOP/s",
    work: 2e9,
  });
  assertEquals(inUnit(rate, 1000), 2);
  assertEquals(inUnit({ ...rate, unit: "µs" }, 2), 2000);
});

const cell = (milliseconds: number, check: readonly number[] = [1]) => ({
  times: [milliseconds],
  check,
  mode: "",
});

Deno.test("a result that differs from most others is marked, a miss is shown", () => {
  const asked = row("r", "sort", { n: 3 }, { goal: { peer: "b" } });
  const result = resultOf({
    row: asked,
    group: "g",
    cells: { a: cell(4, [2]), b: cell(2), "jax-js": cell(3) },
    peak: undefined,
  }, ["a", "b", "jax-js"]);
  assertEquals(result.isMet, false);
  assertEquals(result.results.b!.ratio, 0.5);
  assertEquals(result.behind, ["jax-js"]);
  const columns = ["a", "b"].map((name) => ({ name, title: name }));
  const text = table([result], columns);
  assertStringIncludes(text, "| r, ms | **4.00** ≠ | 2.00 (0.5×) | ≤ 2.00 ✗ |");
  assertStringIncludes(text, "≠ r: a has 2.00000, others have not");
});

Deno.test("goals that are shares of the limit follow it", () => {
  const asked = row("r", "matmul", { batch: 1, m: 1, k: 1, n: 1 }, {
    unit: "GFLOP/s",
    work: 1e8,
    goal: { share: 0.8 },
  });
  const given = { row: asked, group: "g", cells: { a: cell(1) } };
  assertEquals(resultOf({ ...given, peak: 100 }, ["a"]).isMet, true);
  assertEquals(resultOf({ ...given, peak: 200 }, ["a"]).isMet, false);
  assertEquals(resultOf({ ...given, peak: undefined }, ["a"]).isMet, undefined);
});

Deno.test("digests tell results apart", () => {
  const x = uniform(1000, { seed: 1 });
  const y = x.with(41, x[41]! + 1);
  assert(agree(digest(x), digest(x), 0));
  assert(!agree(digest(x), digest(y), 1e-4));
  assert(!agree([1, NaN], [1, 2], 1e-3));
  assert(agree([1, NaN], [1, NaN], 1e-3));
});

Deno.test("inputs do not depend on who computes them", () => {
  // The same numbers as peers/python/data.py.
  assertEquals(
    [...uniform(3, { seed: 1 })],
    [-0.9844697713851929, 0.24463915824890137, -0.94045090675354],
  );
  assertEquals([...integers(4, { seed: 2, below: 10 })], [0, 4, 5, 5]);
  assertEquals(seedOf("layer1.weight"), 1925352709);
});

Deno.test("the table takes its place in the README", () => {
  const text = "a\n<!-- bench -->\nold\n<!-- /bench -->\nb";
  assertEquals(
    withTable(text, "new"),
    "a\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\nb",
  );
});
