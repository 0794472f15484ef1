/**
 * PNG pictures from pixels, small enough to be written into a page.
 *
 * @module
 */

/**
 * The pixels as a `data:` address: `[height, width]` grey, or
 * `[height, width, 3]` red, green and blue.
 */
export async function pngDataUri(
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<string> {
  const channels = pixels.length / (width * height);
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(
      `Cannot draw ${pixels.length} bytes as ${width}x${height} pixels: each ` +
        `pixel takes 1 byte or 3`,
    );
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8); // 8 bits each; grey, or colour
  const bytes = await new Blob([
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", await deflate(scanlines(pixels, width * channels))),
    chunk("IEND", new Uint8Array(0)),
  ]).bytes();
  return `data:image/png;base64,${bytes.toBase64()}`;
}

/** Each line is preceded by the number of its filter: 0, none. */
function scanlines(pixels: Uint8Array, stride: number) {
  const lines = pixels.length / stride;
  const out = new Uint8Array(lines * (stride + 1));
  for (let y = 0; y < lines; y++) {
    out.set(
      pixels.subarray(y * stride, (y + 1) * stride),
      y * (stride + 1) + 1,
    );
  }
  return out;
}

function deflate(bytes: Uint8Array<ArrayBuffer>) {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("deflate"));
  return new Response(stream).bytes();
}

function chunk(type: string, data: Uint8Array) {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
    }
  }
  return ~crc >>> 0;
}
