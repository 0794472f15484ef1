/** Sums of products in Einstein's notation. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { inlinedList } from "../../transforms/inlined.ts";
import { promoteDtypes } from "../_promote.ts";
import {
  contracted,
  extentsOf,
  type Label,
  type Labelled,
} from "./_contract.ts";

/** A subscript of one array: letters, and how many come before the ellipsis, if there is one. */
interface Subscript {
  readonly letters: readonly Label[];
  readonly ellipsisAt: number | null;
}

function parsed(text: string, formula: string): Subscript {
  const match = /^([A-Za-z]*)(\.\.\.)?([A-Za-z]*)$/.exec(text);
  if (!match) {
    throw new ShapeError(
      `Cannot read the subscript "${text}" of einsum("${formula}"): needs ` +
        `letters and at most one "..."`,
    );
  }
  const [, before, dots, after] = match;
  return {
    letters: [...before!, ...after!],
    ellipsisAt: dots ? before!.length : null,
  };
}

/** Labels of `ndim` axes; those of the ellipsis count from the last. */
function labelsOf(
  { letters, ellipsisAt }: Subscript,
  ndim: number,
): readonly Label[] {
  if (ellipsisAt === null) return letters;
  const count = ndim - letters.length;
  const hidden = Array.from({ length: count }, (_, i) => `.${count - 1 - i}`);
  return letters.toSpliced(ellipsisAt, 0, ...hidden);
}

const sums = inlinedList("einsum", (operands, formula: string) => {
  const [inputs, output] = formula.replaceAll(" ", "").split("->");
  const subscripts = inputs!.split(",").map((text) => parsed(text, formula));
  requireFit(operands, subscripts, formula);
  const terms = promoteDtypes(operands).map((array, i) => ({
    array,
    labels: labelsOf(subscripts[i]!, array.ndim),
  }));
  requireExtents(terms, formula);
  return contracted(terms, outputOf(terms, output, formula));
});

function requireFit(
  operands: readonly NDArray[],
  subscripts: readonly Subscript[],
  formula: string,
): void {
  const fits = operands.length === subscripts.length &&
    operands.every((x, i) => {
      const { letters, ellipsisAt } = subscripts[i]!;
      return ellipsisAt === null
        ? letters.length === x.ndim
        : letters.length <= x.ndim;
    });
  if (fits) return;
  throw new ShapeError(
    `Cannot apply einsum("${formula}") to ${
      operands.map((x) => x.aval).join(", ")
    }: needs a subscript for each array, with a letter for each axis`,
  );
}

function requireExtents(terms: readonly Labelled[], formula: string): void {
  const extents = extentsOf(terms);
  for (const { array, labels } of terms) {
    labels.forEach((label, axis) => {
      const extent = array.shape[axis]!;
      if (extent === 1 || extent === extents.get(label)) return;
      throw new ShapeError(
        `Cannot apply einsum("${formula}") to ${
          terms.map((x) => x.array.aval).join(", ")
        }: axes with the letter "${label}" have ${extent} and ` +
          `${extents.get(label)} elements, but must be equal`,
      );
    });
  }
}

/** Labels of the result: as written, or those that occur once, in alphabetical order. */
function outputOf(
  terms: readonly Labelled[],
  output: string | undefined,
  formula: string,
): readonly Label[] {
  const all = terms.flatMap((x) => x.labels);
  const hidden = [...new Set(all.filter((label) => label.startsWith(".")))]
    .sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  if (output === undefined) {
    const once = all.filter((label) =>
      !label.startsWith(".") && all.indexOf(label) === all.lastIndexOf(label)
    );
    return [...hidden, ...once.sort()];
  }
  const subscript = parsed(output, formula);
  const { letters } = subscript;
  const isKnown = letters.every((label, i) =>
    all.includes(label) && letters.indexOf(label) === i
  );
  if (isKnown) return labelsOf(subscript, letters.length + hidden.length);
  throw new ShapeError(
    `Cannot apply einsum("${formula}"): letters of the result must occur ` +
      `once in it, and in the inputs`,
  );
}

/**
 * The sum of products that a formula describes, such as `"ij,jk->ik"`: axes
 * with one letter go together, and letters that the result lacks are summed.
 * Without `->` the result has the letters that occur once. `...` stands for
 * further axes, which broadcast.
 *
 * @throws {ShapeError} If the formula does not fit the arrays.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.einsum("ij,ij->i", np.ones([2, 3]), np.ones([2, 3])).js(), [3, 3]);
 * ```
 */
export function einsum(
  formula: string,
  ...operands: readonly ArrayLike[]
): NDArray {
  return sums(operands, formula);
}
