/** A few numbers that stand for a whole result when peers are compared. */

/** Elements that a digest shows. */
const SHOWN = 12;

/** The mean magnitude of all elements, and some of them, evenly spread. */
export function digest(values: ArrayLike<number>): readonly number[] {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.abs(values[i]!);
  const shown = Math.min(SHOWN, count);
  const at = (i: number) => Math.floor((i + 0.5) * count / shown);
  const some = Array.from({ length: shown }, (_, i) => values[at(i)]!);
  return [sum / Math.max(1, count), ...some];
}

/** Whether two digests agree, relative to the largest number of the first. */
export function agree(
  expected: readonly number[],
  actual: readonly number[],
  tolerance: number,
): boolean {
  const scale = Math.max(...expected.map(Math.abs), 1e-30);
  return expected.length === actual.length &&
    expected.every((x, i) =>
      Object.is(x, actual[i]) || Math.abs(x - actual[i]!) <= tolerance * scale
    );
}
