/** Trees: nested arrays, objects and modules whose leaves are arrays. */

export * from "../../core/tree.ts";
export { ravel } from "./ravel.ts";
