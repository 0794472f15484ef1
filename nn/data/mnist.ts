/**
 * MNIST: handwritten digits, 28x28 grey.
 *
 * @module
 */

import {
  cacheFolder,
  DataNotFoundError,
  fetchCached,
  readChecked,
} from "./download.ts";
import { DataFormatError, gunzip, isGzip, parseIdx, readIdx } from "./idx.ts";

/** Grey images of one size, each with the number of its class. */
export type LabelledImages = {
  /** `[n, rows, columns]` in row-major order: 0 is background, 255 is ink. */
  readonly images: Uint8Array;
  /** `[n]`, the class of each image. */
  readonly labels: Uint8Array;
  /** Height of an image. */
  readonly rows: number;
  /** Width of an image. */
  readonly columns: number;
};

/** The parts of a data set that were found, and where. */
export type LoadedImages = {
  /** What to learn from, where it is present. */
  readonly train?: LabelledImages;
  /** What to judge by, where it is present. */
  readonly test?: LabelledImages;
  /** Which of the places had it. */
  readonly from: "folder" | "cache" | "download";
  /** The folder in which the files are now. */
  readonly folder: string;
};

/** Where to look for the files of a data set. */
export type LoadOptions = {
  /** A folder that has the files. If given, no other place is tried. */
  readonly data?: string | undefined;
  /** The folder where fetched files are kept; `mnist` in {@link cacheFolder}. */
  readonly cache?: string | undefined;
  /** Whether what is not in the cache may be fetched: true. */
  readonly download?: boolean | undefined;
};

/** A data set published as the four files of MNIST. */
export type ImageDataset = {
  /** Its name, also of its folder in the cache. */
  readonly name: string;
  /** Number of classes: labels are below it. */
  readonly classes: number;
  /** Addresses to which the name of a file is appended. */
  readonly mirrors: readonly string[];
  /** Checksums of the compressed files. */
  readonly md5: Readonly<Record<FileName, string>>;
};

/** The names of the files, without `.gz`. */
export type FileName =
  | "train-images-idx3-ubyte"
  | "train-labels-idx1-ubyte"
  | "t10k-images-idx3-ubyte"
  | "t10k-labels-idx1-ubyte";

/**
 * MNIST: 60,000 digits to learn from and 10,000 to judge by, of different
 * writers (LeCun, Bottou, Bengio, Haffner 1998).
 */
export const MNIST: ImageDataset = {
  name: "mnist",
  classes: 10,
  mirrors: [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
  ],
  md5: {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
  },
};

type Part = "train" | "test";

const FILES: Readonly<
  Record<Part, { readonly images: FileName; readonly labels: FileName }>
> = {
  train: {
    images: "train-images-idx3-ubyte",
    labels: "train-labels-idx1-ubyte",
  },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
};

/**
 * The parts of MNIST: from the folder `data` if it is given, else from the
 * cache, else by download (11 MB).
 *
 * A folder may have the files compressed (`.gz`) or not, and only one of the
 * parts: then the result has only that part, and to split it is up to the caller
 * (see `stratifiedSplit`). Files of a folder are not compared with checksums, so
 * that any data set in this format can be read.
 *
 * @throws {DataNotFoundError} If there is no part; the message lists what was
 * tried.
 * @throws {DataFormatError} If a file is damaged or of another kind, or the two
 * files of a part do not fit.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const data = await Deno.makeTempDir(); // one image of 1x2 pixels: a "7"
 * const save = (name: string, bytes: number[]) =>
 *   Deno.writeFile(`${data}/${name}`, new Uint8Array(bytes));
 * const images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255];
 * await save("t10k-images-idx3-ubyte", images);
 * await save("t10k-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 1, 7]);
 *
 * const { train, test, from } = await loadMnist({ data });
 * assertEquals([train, from], [undefined, "folder"]);
 * assertEquals([...test!.images, ...test!.labels], [0, 255, 7]);
 * ```
 */
export function loadMnist(options: LoadOptions = {}): Promise<LoadedImages> {
  return loadImages(MNIST, options);
}

/**
 * The parts of a data set published as the four files of MNIST; `loadMnist` says
 * how they are looked for.
 *
 * @throws {DataNotFoundError} If there is no part.
 * @throws {DataFormatError} If a file is damaged or does not fit.
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * const letters = { ...MNIST, name: "letters", classes: 26 };
 * const data = await Deno.makeTempDir();
 * await assertRejects(() => loadImages(letters, { data }), Error, "letters");
 * ```
 */
export function loadImages(
  dataset: ImageDataset,
  { data, cache, download = true }: LoadOptions = {},
): Promise<LoadedImages> {
  if (data !== undefined) return fromFolder(dataset, data);
  const folder = cache ?? `${cacheFolder()}/${dataset.name}`;
  return fromCache(dataset, folder, { download });
}

// -------------------------------------------------------------- From a folder

async function fromFolder(
  dataset: ImageDataset,
  folder: string,
): Promise<LoadedImages> {
  const train = await readPart(dataset, folder, "train");
  const test = await readPart(dataset, folder, "test");
  if (train === null && test === null) {
    throw new DataNotFoundError(
      `Cannot find ${dataset.name} in ${folder}: it has neither ` +
        `${FILES.train.images}[.gz] nor ${FILES.test.images}[.gz]`,
    );
  }
  return { ...train && { train }, ...test && { test }, from: "folder", folder };
}

async function readPart(
  dataset: ImageDataset,
  folder: string,
  part: Part,
): Promise<LabelledImages | null> {
  const { images, labels } = FILES[part];
  const imagesPath = await findFile(folder, images);
  const labelsPath = await findFile(folder, labels);
  if (imagesPath === null && labelsPath === null) return null;
  if (imagesPath === null || labelsPath === null) {
    const [has, lacks] = imagesPath ? [images, labels] : [labels, images];
    throw new DataNotFoundError(
      `Cannot read ${dataset.name} in ${folder}: it has ${has}, but neither ` +
        `${lacks} nor ${lacks}.gz`,
    );
  }
  return combine(dataset, {
    images: { name: imagesPath, ...await readIdx(imagesPath) },
    labels: { name: labelsPath, ...await readIdx(labelsPath) },
  });
}

/** Some archives spell the name with a dot: `t10k-images.idx3-ubyte`. */
async function findFile(
  folder: string,
  name: FileName,
): Promise<string | null> {
  for (const spelling of [name, name.replace("-idx", ".idx")]) {
    for (const path of [`${folder}/${spelling}`, `${folder}/${spelling}.gz`]) {
      if (await isFile(path)) return path;
    }
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    // A folder that is really a file is as empty as one that is not there.
    const absent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (absent) return false;
    throw error;
  }
}

// ---------------------------------------------------- From cache and download

async function fromCache(
  dataset: ImageDataset,
  folder: string,
  { download }: { download: boolean },
): Promise<LoadedImages> {
  let from: "cache" | "download" = "cache";
  const read = async (file: FileName) => {
    const name = `${folder}/${file}.gz`;
    const got = await fetchFile(dataset, name, { file, download });
    if (got.from === "download") from = "download";
    const bytes = isGzip(got.bytes) ? await gunzip(got.bytes, name) : got.bytes;
    return { name, ...parseIdx(bytes, name) };
  };
  const part = async ({ images, labels }: typeof FILES[Part]) =>
    combine(dataset, {
      images: await read(images),
      labels: await read(labels),
    });
  return {
    train: await part(FILES.train),
    test: await part(FILES.test),
    from,
    folder,
  };
}

async function fetchFile(
  { name, mirrors, md5 }: ImageDataset,
  path: string,
  { file, download }: { file: FileName; download: boolean },
) {
  if (download) {
    const urls = mirrors.map((mirror) => `${mirror}${file}.gz`);
    return fetchCached(path, { urls, md5: md5[file] });
  }
  const bytes = await readChecked(path, md5[file]);
  if (bytes !== null) return { bytes, from: "cache" } as const;
  throw new DataNotFoundError(
    `Cannot find ${name} in the cache: there is no intact ${path}, and ` +
      "downloads are switched off",
  );
}

// ------------------------------------------------------------------- Checking

type NamedArray = { readonly name: string } & ReturnType<typeof parseIdx>;

function combine(
  { name, classes }: ImageDataset,
  { images, labels }: { images: NamedArray; labels: NamedArray },
): LabelledImages {
  const [count, rows, columns] = images.shape;
  if (images.dtype !== "uint8" || images.shape.length !== 3) {
    throw unlike(images, "images have three axes of uint8");
  }
  if (labels.dtype !== "uint8" || labels.shape.length !== 1) {
    throw unlike(labels, "labels have one axis of uint8");
  }
  if (labels.shape[0] !== count) {
    throw new DataFormatError(
      `Cannot use ${images.name} with ${labels.name}: one has ${count} images, ` +
        `the other ${labels.shape[0]} labels`,
    );
  }
  const odd = labels.data.find((label) => label >= classes);
  if (odd !== undefined) {
    throw new DataFormatError(
      `Cannot use ${labels.name}: it has the label ${odd}, and ${name} has ` +
        `classes 0 to ${classes - 1}`,
    );
  }
  return {
    images: images.data,
    labels: labels.data,
    rows: rows!,
    columns: columns!,
  };
}

function unlike({ name, shape, dtype }: NamedArray, wanted: string): Error {
  return new DataFormatError(
    `Cannot use ${name}: it has shape [${shape}] of ${dtype}, and ${wanted}`,
  );
}
