/** The part of the README that is written by measuring. */

const [BEGIN, END] = ["<!-- bench -->", "<!-- /bench -->"];

/** The text with `content` between the markers. */
export function withTable(readme: string, content: string): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) {
    throw new Error(
      `Cannot write the table into README.md: it has no place between ` +
        `${BEGIN} and ${END}. Add both lines where the table belongs`,
    );
  }
  return readme.slice(0, from + BEGIN.length) + `\n\n${content}\n\n` +
    readme.slice(to);
}

/** Writes the table into README.md, which stays formatted. */
export async function writeReadme(content: string): Promise<void> {
  const path = new URL("../../README.md", import.meta.url).pathname;
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, withTable(text, content));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", path] })
    .output();
}
