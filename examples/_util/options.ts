/** What the command lines of the examples have in common. */

/** Ends an example that got an argument it does not know; `usage` says which it knows. */
export function refuseUnknown(usage: string): (argument: string) => never {
  return (argument) => fail(`There is no option ${argument}. Use: ${usage}`);
}

/** Ends an example where an option that needs a value has none. */
export function refuseEmpty(
  options: Readonly<Record<string, unknown>>,
  usage: string,
): void {
  const empty = Object.keys(options).find((name) => options[name] === "");
  if (empty !== undefined) fail(`--${empty} needs a value. Use: ${usage}`);
}

/** The number that an option gives, whole and at least `least`. */
export function wholeNumber(
  option: string,
  text: string | undefined,
  { least, otherwise }: { readonly least: number; readonly otherwise: number },
): number {
  const value = Number(text ?? otherwise);
  if (Number.isSafeInteger(value) && value >= least) return value;
  return fail(`--${option} ${text}: needs a whole number, ${least} or more`);
}

/** Makes the folder for results, or ends the example before its work, not after it. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: path }));
  } catch (error) {
    fail(`Cannot write to ${path}: ${(error as Error).message}`);
  }
}

/** Ends an example that cannot do what it was asked. */
export function fail(message: string): never {
  console.error(message);
  Deno.exit(1);
}
