/**
 * Reading and writing arrays.
 *
 * @module
 */

export {
  type LoadOptions,
  loadSafetensors,
  safetensorsMetadata,
  type SaveOptions,
  saveSafetensors,
} from "./safetensors.ts";
export { SafetensorsError } from "./safetensors_format.ts";
