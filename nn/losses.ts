/**
 * Losses, one value for each example or element: take their `mean()`.
 *
 * @module
 */

import type { ArrayLike, NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import * as np from "../library/numpy/mod.ts";
import { inlined } from "../transforms/inlined.ts";
import { logSigmoid } from "./activations.ts";
import { checkClasses, logSoftmax, oneHot } from "./softmax.ts";

const crossEntropy = inlined(
  "softmaxCrossEntropy",
  2,
  ([logits, labels]) => {
    const logs = logSoftmax(logits);
    // A class that cannot occur adds nothing, although its logit is -Infinity.
    const isAbsent = np.logicalAnd(np.equal(labels, 0), np.isneginf(logs));
    const products = np.multiply(labels, np.where(isAbsent, 0, logs));
    return np.negative(np.sum(products, -1));
  },
);

/**
 * Cross-entropy of distributions over the last axis and the softmax of logits.
 *
 * Shape: that of `logits` without the last axis.
 *
 * @throws {ShapeError} If logits and labels differ in the last extent.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const [logits, labels] = [np.array([0, 0]), np.array([0.5, 0.5])];
 * const loss = nn.softmaxCrossEntropy(logits, labels).item();
 * assertAlmostEquals(loss, Math.log(2), 1e-6);
 * ```
 */
export function softmaxCrossEntropy(
  logits: ArrayLike,
  labels: ArrayLike,
): NDArray {
  const [classes, given] = [logits, labels].map((x) => np.shape(x).at(-1) ?? 1);
  if (classes !== given && classes !== 1 && given !== 1) {
    throw new ShapeError(
      `Cannot compare logits of shape [${np.shape(logits)}] with labels of ` +
        `shape [${np.shape(labels)}]: labels are distributions over the last ` +
        `axis. For classes given by number use ` +
        `softmaxCrossEntropyWithIntegerLabels()`,
    );
  }
  return crossEntropy(logits, labels);
}

const crossEntropyOfClasses = inlined(
  "softmaxCrossEntropyWithIntegerLabels",
  2,
  ([logits, labels]) => {
    const isClass = oneHot(labels, logits.shape.at(-1)!, { dtype: "bool" });
    const chosen = np.where(isClass, logSoftmax(logits), 0);
    return np.negative(np.sum(chosen, -1));
  },
);

/**
 * Cross-entropy of classes, given by number, and the softmax of logits over the
 * last axis.
 *
 * Shape: that of `labels`, which is that of `logits` without the last axis.
 *
 * @throws {ShapeError} If labels are not integers, or of another shape.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const logits = np.array([[1000, 0], [0, 0]]);
 * const labels = np.array([0, 1], { dtype: "int32" });
 * const loss = nn.softmaxCrossEntropyWithIntegerLabels(logits, labels);
 * assertAlmostEquals(loss.sum().item(), Math.log(2), 1e-6);
 * ```
 */
export function softmaxCrossEntropyWithIntegerLabels(
  logits: NDArray,
  labels: NDArray,
): NDArray {
  checkClasses(labels, "compare");
  const wanted = logits.shape.slice(0, -1);
  if (logits.ndim === 0 || String(labels.shape) !== String(wanted)) {
    throw new ShapeError(
      `Cannot compare logits of shape [${logits.shape}] with labels of shape ` +
        `[${labels.shape}]: labels must have the shape of the logits without ` +
        `the last axis`,
    );
  }
  return crossEntropyOfClasses(logits, labels);
}

const sigmoidCrossEntropy = inlined(
  "sigmoidBinaryCrossEntropy",
  2,
  ([logits, labels]) => {
    const yes = np.multiply(labels, logSigmoid(logits));
    const no = np.multiply(
      np.subtract(1, labels),
      logSigmoid(np.negative(logits)),
    );
    return np.negative(np.add(yes, no));
  },
);

/**
 * Cross-entropy of probabilities and the sigmoid of logits, element by element.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const logits = np.array([1000, -1000]);
 * const labels = np.array([1, 1]);
 * const loss = nn.sigmoidBinaryCrossEntropy(logits, labels);
 * assertEquals(loss.js(), [0, 1000]);
 * ```
 */
export function sigmoidBinaryCrossEntropy(
  logits: ArrayLike,
  labels: ArrayLike,
): NDArray {
  return sigmoidCrossEntropy(logits, labels);
}

const binaryCrossEntropyOf = inlined(
  "binaryCrossEntropy",
  2,
  ([probabilities, labels]) => {
    const no = np.subtract(1, labels);
    const yesTerm = np.multiply(labels, boundedLog(probabilities));
    const noTerm = np.multiply(no, boundedLog(np.subtract(1, probabilities)));
    return np.negative(np.add(yesTerm, noTerm));
  },
);

/** The logarithm, but not below -100, where its derivative is 0. */
function boundedLog(x: NDArray): NDArray {
  const isTiny = np.lessEqual(x, Math.exp(-100));
  return np.where(isTiny, -100, np.log(np.where(isTiny, 1, x)));
}

/**
 * Cross-entropy of labels and probabilities in [0, 1], element by element.
 *
 * Logarithms are at least -100, as in PyTorch's `BCELoss`, so that the loss of a
 * wrong certainty is finite. Prefer `sigmoidBinaryCrossEntropy`, of logits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const loss = nn.binaryCrossEntropy(np.array([1, 0]), np.array([1, 1]));
 * assertEquals(loss.js(), [0, 100]);
 * ```
 */
export function binaryCrossEntropy(
  probabilities: ArrayLike,
  labels: ArrayLike,
): NDArray {
  return binaryCrossEntropyOf(probabilities, labels);
}

const squaredErrorOf = inlined(
  "squaredError",
  2,
  ([x, y]) => np.square(np.subtract(x, y)),
);

/**
 * `(predictions - targets)**2`, element by element.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.squaredError(np.array([1, 5]), 2).js(), [1, 9]);
 * ```
 */
export function squaredError(
  predictions: ArrayLike,
  targets: ArrayLike = 0,
): NDArray {
  return squaredErrorOf(predictions, targets);
}

/** Half of `squaredError`. */
export function l2Loss(
  predictions: ArrayLike,
  targets: ArrayLike = 0,
): NDArray {
  return np.multiply(squaredErrorOf(predictions, targets), 0.5);
}

/**
 * The mean squared error of all elements: 0-d.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.mse(np.array([1, 5]), np.array([2, 2])).item(), 5);
 * ```
 */
export function mse(predictions: ArrayLike, targets: ArrayLike): NDArray {
  return np.mean(squaredErrorOf(predictions, targets));
}

const huberOf = inlined(
  "huberLoss",
  2,
  ([predictions, targets], delta: number) => {
    const distance = np.absolute(np.subtract(predictions, targets));
    const inner = np.minimum(distance, delta);
    const outer = np.subtract(distance, inner);
    const parabola = np.multiply(np.square(inner), 0.5);
    return np.add(parabola, np.multiply(outer, delta));
  },
);

/** Where the parabola of `huberLoss` ends. */
export type HuberOptions = { readonly delta?: number };

/**
 * Half the square of small errors, `delta` times large ones (Huber 1964),
 * element by element.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.huberLoss(np.array([0.5, 3]), 0).js(), [0.125, 2.5]);
 * ```
 */
export function huberLoss(
  predictions: ArrayLike,
  targets: ArrayLike = 0,
  { delta = 1 }: HuberOptions = {},
): NDArray {
  return huberOf(predictions, targets, delta);
}

const cosineSimilarityOf = inlined(
  "cosineSimilarity",
  2,
  ([x, y], epsilon: number) => {
    const unit = (v: NDArray) => {
      const square = np.sum(np.square(v), -1, { keepdims: true });
      // The root of 0 is left out, else its derivative would be infinite.
      const isZero = np.equal(square, 0);
      const norm = np.where(isZero, 0, np.sqrt(np.where(isZero, 1, square)));
      return np.divide(v, np.maximum(norm, epsilon));
    };
    return np.sum(np.multiply(unit(x), unit(y)), -1);
  },
);

/**
 * Cosine of the angle between vectors along the last axis; 0 for a zero vector.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const y = nn.cosineSimilarity(np.array([2, 0]), np.array([0, 3]));
 * assertEquals(y.item(), 0);
 * ```
 */
export function cosineSimilarity(
  x: ArrayLike,
  y: ArrayLike,
  { epsilon = 1e-8 }: { readonly epsilon?: number } = {},
): NDArray {
  return cosineSimilarityOf(x, y, epsilon);
}

const klDivergenceOf = inlined(
  "klDivergence",
  2,
  ([logPredictions, targets]) => {
    const isZero = np.equal(targets, 0);
    const logTargets = np.log(np.where(isZero, 1, targets));
    const gain = np.subtract(
      logTargets,
      np.where(isZero, 0, logPredictions),
    );
    return np.sum(np.multiply(targets, gain), -1);
  },
);

/**
 * Divergence of predicted from target distributions over the last axis
 * (Kullback, Leibler 1951). Predictions are given by their logarithms.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const p = np.array([0, 1]);
 * assertEquals(nn.klDivergence(np.log(p), p).item(), 0);
 * ```
 */
export function klDivergence(
  logPredictions: ArrayLike,
  targets: ArrayLike,
): NDArray {
  return klDivergenceOf(logPredictions, targets);
}
