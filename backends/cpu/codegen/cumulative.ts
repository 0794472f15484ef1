/**
 * Cumulative kernels. Long axes are cut into chunks: one phase combines each,
 * the next one runs through each from what those before it came to.
 */

import { type Cumulative, nodesOfStore } from "../../../core/ir/kernel.ts";
import type { Code } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32, Local } from "../wasm/value.ts";
import { Anatomy, sizeOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { type CumulativePlan, planOf, TILE } from "./cumulative_plan.ts";
import { KernelModule, smaller } from "./kernel_module.ts";
import { rowPhase } from "./phases.ts";
import { bindAll } from "./positions.ts";
import { inVectors } from "./ranges.ts";
import { type Parts, Running } from "./running.ts";
import type { Scope } from "./scope.ts";

/** Vectors under way together along an axis. */
const UNROLL = 4;
/** Rough nanoseconds of a step for one element. */
const STEP_COST = 0.5;

/** The code of a cumulative kernel. */
export function cumulativeCode(kernel: Cumulative): KernelCode {
  return new CumulativeWriter(kernel).write();
}

/** A part of the steps of a row, and whether results are stored. */
interface Chunk {
  readonly from: I32;
  readonly to: I32;
  /** How many chunks are before it. */
  readonly number: I32;
  /** Where the combination of the row's first chunk is kept. */
  readonly totals: I32;
  readonly isStored: boolean;
}

class CumulativeWriter {
  private readonly module: KernelModule;
  private readonly plan: CumulativePlan;
  private readonly running: Running;

  constructor(private readonly kernel: Cumulative) {
    const { store, reducer } = kernel;
    const anatomy = new Anatomy();
    nodesOfStore(store).forEach((node) => anatomy.addNode(node));
    anatomy.addIndex(store.offset);
    const { dtype } = store.value;
    this.module = new KernelModule(kernel.buffers, anatomy, [
      { op: reducer, dtype },
    ]);
    const { lanes } = this.module.form;
    this.plan = planOf(kernel, anatomy);
    this.running = new Running(reducer, dtype, lanes);
  }

  write(): KernelCode {
    const { rows, chunks, axis } = this.plan;
    if (sizeOf(rows) * axis.extent === 0 || this.plan.lanes?.extent === 0) {
      return this.module.finish();
    }
    if (chunks > 1) this.writePhase(chunks - 1, false);
    this.writePhase(chunks, true);
    const workspace = chunks > 1
      ? sizeOf(rows) * chunks * this.chunkBytes()
      : 0;
    return this.module.finish({ workspace });
  }

  /** Bytes of the combination of a chunk, of all lanes. */
  private chunkBytes(): number {
    return (this.plan.lanes?.extent ?? 1) * this.running.bytes;
  }

  private writePhase(chunks: number, isStored: boolean): void {
    const { rows, tiles, lanes, chunkSize } = this.plan;
    const width = lanes ? Math.min(TILE, lanes.extent) : 1;
    const own = this.kernel.store.value.cost * 0.1 + STEP_COST;
    const cost = 5 + Math.ceil(chunkSize * width * own);
    const units = sizeOf(rows) * tiles * chunks;
    rowPhase(this.module, { rows: units, cost }, (scope, unit) => {
      const { code } = scope;
      const [rest, number] = divided(code, unit, chunks);
      const [row, tile] = divided(code, rest, tiles);
      bindAll(scope, rows, row);
      const chunk = this.chunkOf(scope, row, number, isStored);
      if (lanes) this.writeTile(scope, tile, chunk);
      else if (this.plan.isAlong) this.writeAlong(scope, chunk);
      else this.writeSideBySide([scope], false, chunk);
    });
  }

  private chunkOf(
    scope: Scope,
    row: I32,
    number: I32,
    isStored: boolean,
  ): Chunk {
    const { code } = scope;
    const { chunks, chunkSize, axis: { extent } } = this.plan;
    if (chunks === 1) {
      const [from, to] = [i32.const(0), i32.const(extent)];
      return { from, to, number, totals: from, isStored };
    }
    const from = code.let(i32.mul(number, i32.const(chunkSize)));
    const end = code.let(i32.add(from, i32.const(chunkSize)));
    const to = code.let(smaller(end, i32.const(extent)));
    const offset = i32.mul(row, i32.const(chunks * this.chunkBytes()));
    const totals = code.let(i32.add(scope.workspace(), offset));
    return { from, to, number, totals, isStored };
  }

  // Lanes side by side

  private writeTile(scope: Scope, tile: I32, chunk: Chunk): void {
    const { code, form } = scope;
    const axis = this.plan.lanes!;
    const from = code.let(i32.mul(tile, i32.const(TILE)));
    const end = code.let(i32.add(from, i32.const(TILE)));
    const to = code.let(smaller(end, i32.const(axis.extent)));
    const multiple = axis.extent % TILE || TILE;
    const positions = { from, to, multiple };
    inVectors(scope, axis, positions, TILE / form.lanes, (places, wide) => {
      this.writeSideBySide(places, wide, chunk);
    });
  }

  /** The steps of places that do not depend on each other. */
  private writeSideBySide(
    places: readonly Scope[],
    wide: boolean,
    chunk: Chunk,
  ): void {
    const { code } = places[0]!;
    const { running, kernel: { store, reverse }, plan: { axis } } = this;
    const states = places.map((place) => this.startOf(place, wide, chunk));
    const part = code.part();
    const step = code.fn.local("i32");
    const at = reverse
      ? part.let(i32.sub(i32.const(axis.extent - 1), step))
      : step;
    const inner = places.map((place) => place.child(part).bind(axis, at));
    const values = inner.map((place) => place.value(store.value, wide));
    inner.forEach((place, i) => {
      const next = running.parts(part, values[i]!, wide);
      assign(part, states[i]!, running.combine(part, states[i]!, next, wide));
      if (!chunk.isStored) return;
      place.put(store, running.result(part, states[i]!, wide), wide);
    });
    code.for(step, chunk, (c) => c.append(part));
    if (chunk.isStored) return;
    places.forEach((place, i) => {
      const { base, offset } = this.totalOf(place, chunk);
      const first = code.let(this.chunkAt(chunk, base));
      running.store(code, states[i]!, { base: first, offset }, wide);
    });
  }

  /** What the chunks before this one came to. */
  private startOf(scope: Scope, wide: boolean, chunk: Chunk): Parts {
    const { code } = scope;
    const state = this.running.identity(code, wide);
    if (!chunk.isStored || this.plan.chunks === 1) return state;
    const { base, offset } = this.totalOf(scope, chunk);
    const total = code.let(base);
    const count = code.fn.local("i32");
    code.for(count, { from: i32.const(0), to: chunk.number }, (c) => {
      const next = this.running.load(c, { base: total, offset }, wide);
      assign(c, state, this.running.combine(c, state, next, wide));
      c.set(total, i32.add(total, i32.const(this.chunkBytes())));
    });
    return state;
  }

  /** Where the combinations of the first chunk are kept for the lanes of a place. */
  private totalOf(scope: Scope, { totals }: Chunk) {
    const { lanes } = this.plan;
    if (!lanes) return { base: totals, offset: 0 };
    const stride = this.running.bytes;
    return scope.addressAlong(totals, [{ axis: lanes, stride }]);
  }

  private chunkAt({ number }: Chunk, first: I32): I32 {
    return i32.add(first, i32.mul(number, i32.const(this.chunkBytes())));
  }

  // Vectors along the axis

  private writeAlong(scope: Scope, chunk: Chunk): void {
    if (chunk.isStored) this.writePrefixes(scope, chunk);
    else this.writeTotal(scope, chunk);
  }

  private writePrefixes(scope: Scope, chunk: Chunk): void {
    const { running, kernel: { store, reverse }, plan: { axis } } = this;
    const { code, form: { lanes } } = scope;
    const state = running.spread(code, this.startOf(scope, false, chunk));
    const step = code.let(chunk.from);
    this.inSteps(scope, step, chunk.to, lanes, (places) => {
      const c = places[0]!.code;
      const values = places.map((place) => place.vector(store.value));
      places.forEach((place, i) => {
        const parts = running.parts(c, values[i]!, true);
        const prefixes = running.prefixes(c, parts, reverse);
        const results = running.combine(c, state, prefixes, true);
        place.put(store, running.result(c, results, true), true);
        const total = running.total(c, prefixes, reverse);
        assign(c, state, running.combine(c, state, total, true));
      });
    });
    if (axis.extent % lanes === 0) return;
    const rest = running.firstLane(code, state);
    const part = code.part();
    const at = reverse
      ? part.let(i32.sub(i32.const(axis.extent - 1), step))
      : step;
    const place = scope.child(part).bind(axis, at);
    const next = running.parts(part, place.scalar(store.value), false);
    assign(part, rest, running.combine(part, rest, next, false));
    place.put(store, running.result(part, rest, false), false);
    code.for(step, { from: step, to: chunk.to }, (c) => c.append(part));
  }

  private writeTotal(scope: Scope, chunk: Chunk): void {
    const { running, kernel: { store } } = this;
    const { code, form: { lanes } } = scope;
    const states = Array.from(
      { length: UNROLL },
      () => running.identity(code, true),
    );
    const step = code.let(chunk.from);
    this.inSteps(scope, step, chunk.to, UNROLL * lanes, (places) => {
      const c = places[0]!.code;
      const values = places.map((place) => place.vector(store.value));
      values.forEach((value, i) => {
        const parts = running.parts(c, value, true);
        assign(c, states[i]!, running.combine(c, states[i]!, parts, true));
      });
    });
    const all = states.reduce((x, y) => running.combine(code, x, y, true));
    const total = running.across(code, all);
    const base = code.let(this.chunkAt(chunk, chunk.totals));
    running.store(code, total, { base, offset: 0 }, false);
  }

  /** Runs through steps in vectors, `width` elements at a time, as far as they go. */
  private inSteps(
    scope: Scope,
    step: Local<"i32">,
    to: I32,
    width: number,
    body: (places: readonly Scope[]) => void,
  ): void {
    const { code, form: { lanes } } = scope;
    const { kernel: { reverse }, plan: { axis } } = this;
    const inner = scope.child();
    const at = reverse
      ? inner.code.let(i32.sub(i32.const(axis.extent - lanes), step))
      : step;
    inner.bind(axis, at, { isVector: true });
    const places = Array.from({ length: width / lanes }, (_, i) => {
      const by = reverse ? -i * lanes : i * lanes;
      return i === 0 ? inner : inner.shifted(axis, by);
    });
    body(places);
    inner.code.set(step, i32.add(step, i32.const(width)));
    const last = code.let(i32.sub(to, i32.const(width)));
    code.while(
      () => i32.le_s(step, last),
      (c) => c.append(inner.code),
    );
  }
}

function divided(
  code: Code,
  number: I32,
  by: number,
): readonly [quotient: I32, remainder: I32] {
  if (by === 1) return [number, i32.const(0)];
  const divisor = i32.const(by);
  return [
    code.let(i32.div_u(number, divisor)),
    code.let(i32.rem_u(number, divisor)),
  ];
}

function assign(code: Code, to: Parts, from: Parts): void {
  const values = from.flat();
  to.flat().forEach((number, i) => code.set(number, values[i]!));
}
