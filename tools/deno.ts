/** Runs Deno's own tools in the folder of the project. */

const cwd = new URL("../", import.meta.url);

/**
 * What a command prints.
 *
 * @throws {Error} If it fails, with what it says of that.
 */
export async function runDeno(...args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`deno ${args.join(" ")} fails: ${decoder.decode(stderr)}`);
}
