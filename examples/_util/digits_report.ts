/** The picture that `train_digits.ts` ends with. */

import { confusionPanel } from "./confusion_panel.ts";
import type { Digits } from "./digits.ts";
import { imageGridPanel } from "./image_grid_panel.ts";
import { learningPanel } from "./learning_panel.ts";
import { svgPage } from "./svg.ts";

/** Writes the loss curve, the confusion matrix and test images with predictions; prints the matrix. */
export async function writeReport(
  path: string,
  { source, test, predicted, losses, accuracies, stepsPerEpoch }: {
    readonly source: string;
    readonly test: Digits;
    readonly predicted: Uint8Array;
    readonly losses: ArrayLike<number>;
    readonly accuracies: ArrayLike<number>;
    readonly stepsPerEpoch: number;
  },
): Promise<void> {
  const counts = confusion(test.labels, predicted);
  console.log("\nrows: what it is; columns: what was read");
  console.log(
    counts.map((row) => row.map((n) => String(n || "·").padStart(5)).join(""))
      .join("\n"),
  );
  const accuracy = Array.from(
    accuracies,
    (value, i) => ({ step: (i + 1) * stepsPerEpoch, value }),
  );
  const shown = Math.min(96, test.count);
  const page = svgPage(`Handwritten digits: ${source}`, {
    panels: [
      learningPanel({ loss: losses, accuracy }),
      confusionPanel({ counts }),
      await imageGridPanel({
        images: test.images.subarray(0, 784 * shown),
        rows: 28,
        columns: 28,
        predicted: predicted.subarray(0, shown),
        labels: test.labels.subarray(0, shown),
      }),
    ],
  });
  await Deno.writeTextFile(path, page);
}

function confusion(
  labels: Uint8Array,
  predicted: Uint8Array,
): readonly (readonly number[])[] {
  const counts = Array.from(
    { length: 10 },
    () => new Array<number>(10).fill(0),
  );
  labels.forEach((label, i) => counts[label]![predicted[i]!]!++);
  return counts;
}
