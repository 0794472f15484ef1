import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { runExample } from "../_util/run_example.ts";

async function inFolder(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("train_digits learns, says that it drew the digits, and leaves a picture", () =>
  inFolder(async (out) => {
    const { code, output } = await runExample("train_digits.ts", [
      "--quick",
      "--out",
      out,
    ]);
    assertEquals(code, 0, output);
    assertStringIncludes(output, "USING DIGITS THAT THIS PROGRAM DRAWS ITSELF");
    const [, accuracy] = output.match(/test images, ([\d.]+) % right/)!;
    assert(Number(accuracy) > 30, output);
    const picture = await Deno.readTextFile(`${out}/digits.svg`);
    for (const panel of ["Loss and accuracy", "Confusion", "Test images"]) {
      assertStringIncludes(picture, panel);
    }
  }));

Deno.test("train_digits goes on after Ctrl-C, bit for bit", () =>
  inFolder(async (out) => {
    const args = (
      folder: string,
    ) => ["--quick", "--epochs", "2", "--out", `${out}/${folder}`];
    const whole = await runExample("train_digits.ts", args("whole"));
    assertEquals(whole.code, 0, whole.output);

    const stopped = await runExample("train_digits.ts", args("parts"), {
      stopAfter: "test accuracy",
    });
    assertEquals(stopped.code, 0, stopped.output);
    assertStringIncludes(stopped.output, "Go on with --resume");
    const resumed = await runExample("train_digits.ts", [
      ...args("parts"),
      "--resume",
    ]);
    assertEquals(resumed.code, 0, resumed.output);
    assertMatch(resumed.output, /Going on from step \d+ of 64/);

    const other = await runExample("train_digits.ts", [
      ...args("parts"),
      "--resume",
      "--seed",
      "3",
    ]);
    assertEquals(other.code, 1);
    assertStringIncludes(other.output, 'seed was "0" and is "3" now');
    assertEquals(
      await Deno.readFile(`${out}/parts/digits.safetensors`),
      await Deno.readFile(`${out}/whole/digits.safetensors`),
    );
  }));

Deno.test("train_digits says what is wrong with its options", () =>
  inFolder(async (out) => {
    const wrong = [
      [["--data", "/nowhere"], "Cannot find mnist in /nowhere"],
      [["--epochs", "0"], "--epochs 0: needs a whole number, 1 or more"],
      [["--quick", "--batch", "9999"], "--batch 9999 is more than"],
      [["--quick", "--batch"], "--batch needs a value. Use: deno task"],
      [["--quick", "--resume"], "Cannot go on from"],
      [["--quick", "--out", "LICENSE"], "Cannot write to LICENSE"],
    ] as const;
    for (const [args, message] of wrong) {
      const { code, output } = await runExample("train_digits.ts", [
        "--out",
        out,
        ...args,
      ]);
      assertEquals(code, 1, output);
      assertStringIncludes(output, message);
    }
  }));
