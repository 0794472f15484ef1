/** What peers are asked to do, and with which sizes. */

/** The sizes of each task. */
export type Tasks = {
  /** `[batch, m, k] · [batch, k, n]`; without the first axis where batch is 1. */
  readonly matmul: {
    readonly batch: number;
    readonly m: number;
    readonly k: number;
    readonly n: number;
  };
  /** `tanh(x)·exp(−x²) + sin(x)`. */
  readonly waves: { readonly n: number };
  /** Sum of a `[rows, columns]` array; axis −1 stands for both. */
  readonly sum: {
    readonly rows: number;
    readonly columns: number;
    readonly axis: number;
  };
  /** Over the last axis of `[rows, columns]`. */
  readonly softmax: { readonly rows: number; readonly columns: number };
  /** Over the last axis of `[rows, columns]`, with scale and bias. */
  readonly layerNorm: { readonly rows: number; readonly columns: number };
  readonly cumsum: { readonly n: number };
  readonly sort: { readonly n: number };
  readonly argsort: { readonly n: number };
  /** `count` rows of a `[rows, columns]` array. */
  readonly take: IndexingSizes;
  /** Adds `count` rows to the rows of a `[rows, columns]` array of zeros. */
  readonly scatterAdd: IndexingSizes;
  /** Convolution that keeps `size × size` images (same padding, no bias). */
  readonly conv: ConvSizes;
  /** The same, the mean of its squares, and both derivatives of that. */
  readonly convGrad: ConvSizes;
  /** A training step of a 784-512-256-10 network with Adam, its loss read. */
  readonly mlp: { readonly batch: number };
  /** A training step of LeNet with momentum, its loss read. */
  readonly lenet: { readonly batch: number };
  /** A training step of a small transformer with Adam, its loss read. */
  readonly gpt: {
    readonly batch: number;
    readonly layers: number;
    readonly width: number;
    readonly heads: number;
    readonly tokens: number;
    readonly vocabulary: number;
  };
  /** Gradients of each example of a batch: an in-hidden-1 network. */
  readonly perExample: {
    readonly batch: number;
    readonly inputs: number;
    readonly hidden: number;
  };
  /** `x + y`, with the result read. */
  readonly addRead: { readonly n: number };
  /** `x + 1`, of its own result. */
  readonly addOne: { readonly n: number };
  readonly meanRead: { readonly n: number };
  /** Softmax, of its own result. */
  readonly smallSoftmax: { readonly n: number };
  /** Compiled `2x + 1`, of its own result. */
  readonly jitAffine: { readonly n: number };
  /** Derivative of `sin(x)·x²` at a number, read. */
  readonly scalarGrad: Record<string, never>;
  /** The same, compiled. */
  readonly jitScalarGrad: Record<string, never>;
  /** `[sum of n ones, mean of m ones, sin(10⁶), tanh(10⁻⁶)]`. */
  readonly accuracy: { readonly sum: number; readonly mean: number };
  /** Multiply-adds in registers, as many as one core does in a call. */
  readonly multiplyAdd: { readonly threads: number };
  /** Copies of `bytes`. */
  readonly copy: { readonly bytes: number; readonly threads: number };
};

type IndexingSizes = {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
};

type ConvSizes = {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly kernel: number;
};

/** The name of a task. */
export type TaskName = keyof Tasks;
