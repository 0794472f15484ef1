import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runExample } from "../_util/run_example.ts";

Deno.test("points separates every set and draws what it learned", async () => {
  const out = await Deno.makeTempDir();
  try {
    const { code, output } = await runExample("points.ts", [
      "--quick",
      "--out",
      out,
    ]);
    assertEquals(code, 0, output);
    for (
      const name of ["simple", "diagonal", "split", "xor", "circle", "spiral"]
    ) {
      const [, right] = output.match(
        new RegExp(`${name} .* (\\d+) of 100 right`),
      )!;
      assert(Number(right) >= (name === "spiral" ? 50 : 80), output);
    }
    assertStringIncludes(
      await Deno.readTextFile(`${out}/points.svg`),
      "spiral",
    );
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("points says what is wrong with its options", async () => {
  const wrong = [
    [["--set", "moons"], 'There is no set "moons". Sets are: simple'],
    [["--seed", "one"], "--seed one: needs a whole number, 0 or more"],
    [["--rate", "0"], "--rate 0: needs a positive number"],
    [["--out", "LICENSE"], "Cannot write to LICENSE"],
  ] as const;
  for (const [args, message] of wrong) {
    const { code, output } = await runExample("points.ts", args);
    assertEquals(code, 1);
    assertStringIncludes(output, message);
  }
});

Deno.test("examples refuse options that they do not know", async () => {
  for (const name of ["points.ts", "train_digits.ts"]) {
    const { code, output } = await runExample(name, ["--epoch", "3"]);
    assertEquals(code, 1);
    assertStringIncludes(output, "There is no option --epoch. Use: deno task");
  }
});
