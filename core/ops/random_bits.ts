/**
 * Random bits from counters: the hash Threefry-2x32 with 20 rounds.
 *
 * @see Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
 * 3" (2011), section 3.3
 * @module
 */

import type { NDArray } from "../array.ts";
import { ShapeError } from "../errors.ts";
import type { KernelBuilder } from "../ir/builder.ts";
import type { Node } from "../ir/scalar.ts";
import type { Primitive } from "../primitive.ts";
import { bind } from "../trace.ts";
import { allLeading, requireEqual } from "./_define.ts";

/** Two words of 32 bits. */
type Pair<T> = readonly [T, T];

/** By how much each of eight rounds rotates, over and over (table 2). */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const ROUNDS = 20;
const ROUNDS_PER_INJECTION = 4;
/** Parity of the key schedule, of Skein (Ferguson et al. 2010). */
const PARITY = 0x1bd11bda;

const threefry2x32P: Primitive<readonly [NDArray, NDArray, NDArray, NDArray]> =
  {
    name: "threefry2x32",
    cost: 6 * ROUNDS,
    abstractEval: (avals) => {
      requireEqual("threefry2x32", avals);
      const out = avals[0].with({ weakType: false });
      if (out.dtype !== "uint32") {
        throw new ShapeError(
          `Cannot apply threefry2x32 to ${avals.join(" and ")}: needs uint32`,
        );
      }
      return [out, out];
    },
    batch: (inputs, mapped, { size }) => {
      const [key0, key1, x0, x1] = allLeading(inputs, mapped, size);
      return threefry2x32([key0!, key1!], [x0!, x1!]);
    },
    lower: (k, [key0, key1, x0, x1]) => {
      const word = (which: 0 | 1) => (index: Parameters<typeof x0>[0]) =>
        hash(k, [key0(index), key1(index)], [x0(index), x1(index)])[which];
      return [word(0), word(1)];
    },
  };

function hash(
  k: KernelBuilder,
  [key0, key1]: Pair<Node>,
  x: Pair<Node>,
): Pair<Node> {
  const constant = (value: number) => k.constant(value, "uint32");
  const add = (a: Node, b: Node) => k.apply("add", "uint32", a, b);
  const xor = (a: Node, b: Node) => k.apply("xor", "uint32", a, b);
  const rotate = (a: Node, by: number) =>
    k.apply(
      "or",
      "uint32",
      k.apply("shiftLeft", "uint32", a, constant(by)),
      k.apply("shiftRightLogical", "uint32", a, constant(32 - by)),
    );
  const schedule = [key0, key1, xor(xor(key0, key1), constant(PARITY))];
  let [a, b] = [add(x[0], key0), add(x[1], key1)];
  for (let round = 0; round < ROUNDS; round++) {
    a = add(a, b);
    b = xor(rotate(b, ROTATIONS[round % ROTATIONS.length]!), a);
    if ((round + 1) % ROUNDS_PER_INJECTION > 0) continue;
    const injection = (round + 1) / ROUNDS_PER_INJECTION;
    a = add(a, schedule[injection % 3]!);
    b = add(add(b, schedule[(injection + 1) % 3]!), constant(injection));
  }
  return [a, b];
}

/** Hashes pairs of counters with pairs of keys; uint32 arrays of one shape. */
export function threefry2x32(
  [key0, key1]: Pair<NDArray>,
  [x0, x1]: Pair<NDArray>,
): Pair<NDArray> {
  const [y0, y1] = bind(threefry2x32P, [key0, key1, x0, x1], {});
  return [y0!, y1!];
}
