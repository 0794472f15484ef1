/** Distances between float32 numbers. */

const number = new Float32Array(1);
const bits = new Int32Array(number.buffer);

/** Position of a float32 among all of them; both zeros have 0. */
export function positionOf(x: number): number {
  number[0] = x;
  const word = bits[0]!;
  return word < 0 ? -(word & 0x7fffffff) : word;
}

/**
 * How many float32 apart two numbers are. Zeros of opposite sign are as far
 * apart as NaN and a number, or a number and infinity: by Infinity.
 */
export function ulpsBetween(x: number, y: number): number {
  if (Object.is(x, y)) return 0;
  if (!Number.isFinite(x) || !Number.isFinite(y) || x === y) return Infinity;
  return Math.abs(positionOf(x) - positionOf(y));
}

/** The largest distance to a reference that was seen, and where. */
export class Worst {
  private distance = 0;
  private where = "";

  /** `inputs` is called only where the distance grows. */
  note(actual: number, expected: number, inputs: () => string): void {
    const distance = ulpsBetween(actual, expected);
    if (distance <= this.distance) return;
    this.distance = distance;
    this.where = `${inputs()} gives ${actual}, not ${expected}`;
  }

  /** @throws If a distance was above `limit`. */
  check(limit: number): void {
    if (this.distance <= limit) return;
    throw new Error(`${this.distance} ulp: ${this.where}`);
  }
}
