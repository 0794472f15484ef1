/** The images that `train_digits.ts` learns from and is judged by. */

import { nn } from "../../mod.ts";
import { drawSyntheticDigits } from "./synthetic_digits.ts";

/** Images of digits, 784 bytes each, and what they show. */
export type Digits = {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
};

/** What to learn from and what to be judged by, and where they come from. */
export type DigitData = {
  readonly train: Digits;
  readonly test: Digits;
  readonly source: string;
  /** The folder that they were read from, if they were. */
  readonly folder?: string;
};

/**
 * MNIST from a folder, the cache or the network, in this order; digits drawn
 * by the computer where all that fails. Where only MNIST's test part is there,
 * 2,000 of its images, 200 of each digit, are held out.
 */
export async function loadDigits(
  { data, quick, seed }: {
    readonly data?: string | undefined;
    readonly quick: boolean;
    readonly seed: number;
  },
): Promise<DigitData> {
  const found = await find(data, quick, seed);
  const shown = quick ? shortened(found, { train: 512, test: 250 }) : found;
  console.log(
    `${
      titleOf(shown)
    }: learning from ${shown.train.count}, judged by ${shown.test.count}`,
  );
  return shown;
}

/** What the digits are, and in which folder. */
export function titleOf({ source, folder }: DigitData): string {
  return folder === undefined ? source : `${source} (${folder})`;
}

async function find(
  data: string | undefined,
  quick: boolean,
  seed: number,
): Promise<DigitData> {
  try {
    // A quick run is not worth a download.
    const { train, test, folder } = await nn.data.loadMnist({
      data,
      download: !quick,
    });
    if (train && test) {
      return {
        train: counted(train),
        test: counted(test),
        source: "MNIST",
        folder,
      };
    }
    const all = counted((train ?? test)!);
    return { ...held(all, seed), source: "The test part of MNIST", folder };
  } catch (error) {
    if (data !== undefined || !(error instanceof nn.data.DataNotFoundError)) {
      throw error;
    }
    console.warn(
      `\nMNIST was not found:\n${error.message}\n` +
        "USING DIGITS THAT THIS PROGRAM DRAWS ITSELF. Give --data DIR for real ones.\n",
    );
    const all = counted(
      drawSyntheticDigits({ count: quick ? 2_000 : 10_000, seed }),
    );
    return { ...held(all, seed), source: "Drawn digits" };
  }
}

/** Sets a fifth aside, as many of each digit. */
function held(all: Digits, seed: number): Pick<DigitData, "train" | "test"> {
  const split = nn.data.stratifiedSplit(all.labels, {
    held: all.count / 5,
    seed,
  });
  return { train: picked(all, split.kept), test: picked(all, split.held) };
}

function counted(part: Omit<Digits, "count">): Digits {
  return {
    images: part.images,
    labels: part.labels,
    count: part.labels.length,
  };
}

function picked({ images, labels }: Digits, at: Uint32Array): Digits {
  const chosen = new Uint8Array(784 * at.length);
  at.forEach((from, i) =>
    chosen.set(images.subarray(784 * from, 784 * (from + 1)), 784 * i)
  );
  return counted({
    images: chosen,
    labels: Uint8Array.from(at, (i) => labels[i]!),
  });
}

function shortened(
  all: DigitData,
  counts: { readonly train: number; readonly test: number },
): DigitData {
  const first = (part: Digits, count: number) =>
    picked(
      part,
      Uint32Array.from({ length: Math.min(count, part.count) }, (_, i) => i),
    );
  return {
    ...all,
    train: first(all.train, counts.train),
    test: first(all.test, counts.test),
  };
}
