/**
 * Data to learn from.
 *
 * @module
 */

export { batches, type BatchOptions, type Columns } from "./batches.ts";
export { cacheFolder, DataNotFoundError } from "./download.ts";
export { DataFormatError } from "./idx.ts";
export {
  type FileName,
  type ImageDataset,
  type LabelledImages,
  type LoadedImages,
  loadImages,
  loadMnist,
  type LoadOptions,
  MNIST,
} from "./mnist.ts";
export { type Split, stratifiedSplit } from "./split.ts";
