/**
 * Two loops in WebAssembly, written down byte by byte, that show what this
 * machine allows: multiply-adds in registers, and a copy.
 */

import { ACCUMULATORS } from "../../shared/limits.ts";

type Bytes = readonly number[];

const [I32, F32, V128] = [0x7f, 0x7d, 0x7b];
const op = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIf: [0x0d, 0x00],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  i32: (value: number) => [0x41, ...leb(value)],
  f32: (
    value: number,
  ) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  load: (offset: number) => [0xfd, 0x00, 4, offset],
  store: (offset: number) => [0xfd, 0x0b, 4, offset],
  splat: [0xfd, 0x13],
  lane0: [0xfd, 0x1f, 0],
  vectorMul: [0xfd, 0xe6, 0x01],
  vectorAdd: [0xfd, 0xe4, 0x01],
  relaxedMultiplyAdd: [0xfd, 0x85, 0x02],
};

/** A number as WebAssembly writes small ones: seven bits a byte, then the sign. */
function leb(value: number): Bytes {
  const low = value & 0x7f;
  const isLast = value >= -64 && value < 64;
  return isLast ? [low] : [low | 0x80, ...leb(value >> 7)];
}

const vector = (
  items: readonly Bytes[],
): Bytes => [items.length, ...items.flat()];
const section = (
  id: number,
  body: Bytes,
): Bytes => [id, ...leb(body.length), ...body];

/** A module of one function, "run", over a shared memory that it imports. */
function moduleOf(
  { params, results, locals, code }: {
    readonly params: Bytes;
    readonly results: Bytes;
    readonly locals: readonly Bytes[];
    readonly code: Bytes;
  },
): Uint8Array<ArrayBuffer> {
  const name = (
    text: string,
  ) => [text.length, ...new TextEncoder().encode(text)];
  const body = [...vector(locals), ...code, ...op.end];
  const params1 = params.map((type) => [type]);
  const results1 = results.map((type) => [type]);
  const memory = [
    ...name("env"),
    ...name("memory"),
    0x02,
    0x03,
    0,
    ...leb(65536),
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector(params1), ...vector(results1)]])),
    ...section(2, vector([memory])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name("run"), 0x00, 0]])),
    ...section(10, vector([[...leb(body.length), ...body]])),
  ]);
}

/** `run(rounds)`: in each round, one multiply-add of every accumulator. */
function multiplyAddModule(multiplyAdd: (acc: number) => Bytes) {
  const accumulators = Array.from({ length: ACCUMULATORS }, (_, i) => 1 + i);
  const [x, y] = [1 + ACCUMULATORS, 2 + ACCUMULATORS];
  const code = [
    [...op.f32(0.999), ...op.splat, ...op.set(x)],
    [...op.f32(1e-3), ...op.splat, ...op.set(y)],
    op.loop,
    ...accumulators.map((acc) => [...multiplyAdd(acc), ...op.set(acc)]),
    [...op.get(0), ...op.i32(1), ...op.i32Sub, ...op.tee(0), ...op.branchIf],
    op.end,
    op.get(1),
    ...accumulators.slice(1).map((acc) => [...op.get(acc), ...op.vectorAdd]),
    op.lane0,
  ].flat();
  const locals = [[ACCUMULATORS + 2, V128]];
  return moduleOf({ params: [I32], results: [F32], locals, code });
}

const [X, Y] = [1 + ACCUMULATORS, 2 + ACCUMULATORS];
const fused = multiplyAddModule((acc) => [
  ...[...op.get(acc), ...op.get(X), ...op.get(Y)],
  ...op.relaxedMultiplyAdd,
]);
const separate = multiplyAddModule((acc) => [
  ...[...op.get(acc), ...op.get(X), ...op.vectorMul, ...op.get(Y)],
  ...op.vectorAdd,
]);

/** With one instruction where the engine has relaxed SIMD, else with two. */
export const MULTIPLY_ADD = WebAssembly.validate(fused) ? fused : separate;

/** `run(from, to, bytes)`: a copy of a multiple of 64 bytes. */
export const COPY = moduleOf({
  params: [I32, I32, I32],
  results: [],
  locals: [],
  code: [
    op.loop,
    ...[0, 16, 32, 48].map((
      at,
    ) => [...op.get(1), ...op.get(0), ...op.load(at), ...op.store(at)]),
    ...[0, 1].map((
      p,
    ) => [...op.get(p), ...op.i32(64), ...op.i32Add, ...op.set(p)]),
    [...op.get(2), ...op.i32(64), ...op.i32Sub, ...op.tee(2), ...op.branchIf],
    op.end,
  ].flat(),
});
