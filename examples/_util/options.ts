/** What the command lines of the examples have in common. */

/** Ends an example that got an argument it does not know; `usage` says which it knows. */
export function refuseUnknown(usage: string): (argument: string) => never {
  return (argument) => {
    console.error(`There is no option ${argument}. Use: ${usage}`);
    Deno.exit(1);
  };
}
