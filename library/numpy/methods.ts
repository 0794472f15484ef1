/** Fills the table behind the methods of `NDArray`; imported for this effect. */

import { installMethods } from "../../core/methods.ts";
import * as arithmetic from "./arithmetic.ts";
import * as comparison from "./comparison.ts";
import * as conversion from "./conversion.ts";
import * as cumulative from "./cumulative.ts";
import * as indexing from "./indexing.ts";
import * as moments from "./moments.ts";
import * as power from "./power.ts";
import * as products from "./products.ts";
import * as reductions from "./reductions.ts";
import * as rounding from "./rounding.ts";
import * as shape from "./shape.ts";
import * as sorting from "./sorting.ts";

installMethods({
  ...arithmetic,
  ...comparison,
  ...conversion,
  ...cumulative,
  ...indexing,
  ...moments,
  ...power,
  ...products,
  ...reductions,
  ...rounding,
  ...shape,
  ...sorting,
});
