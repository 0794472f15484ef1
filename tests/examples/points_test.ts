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

Deno.test("points says which sets there are", async () => {
  const { code, output } = await runExample("points.ts", ["--set", "moons"]);
  assertEquals(code, 1);
  assertStringIncludes(output, 'There is no set "moons". Sets are: simple');
});

Deno.test("examples refuse options that they do not know", async () => {
  for (const name of ["points.ts", "train_digits.ts"]) {
    const { code, output } = await runExample(name, ["--epoch", "3"]);
    assertEquals(code, 1);
    assertStringIncludes(output, "There is no option --epoch. Use: deno task");
  }
});
