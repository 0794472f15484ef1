/** Runs Programs: all memory is found before anything is computed or given away. */

import type { Buffer, Executable } from "../../core/backend.ts";
import type { Program } from "../../core/ir/program.ts";
import { blockBytes } from "./blocks.ts";
import { Cell, cellOf, type Cells, type CpuBuffer } from "./cells.ts";
import type { Machine } from "./machine.ts";
import { outOfMemory } from "./out_of_memory.ts";
import { type OutputPlan, place, planOutputs } from "./placement.ts";
import {
  type Frame,
  runSteps,
  sharedCostOf,
  StepCompiler,
  type StepRun,
} from "./steps.ts";

/** Stands where no cell is, so that none is kept alive. */
const NO_CELL = new Cell(0);

/** A Program made ready to run. */
export class CpuExecutable implements Executable {
  private readonly cells: Cells;
  private readonly frame: Frame;
  private readonly steps: readonly StepRun[];
  private readonly slots: readonly number[];
  private readonly donated: readonly number[];
  private readonly inputSlots: readonly number[];
  private readonly outputs: readonly OutputPlan[];
  /** Slots for which a run reserves a block of their own. */
  private readonly own: readonly number[];
  /** Slots whose blocks are freed after a run, unless outputs took them. */
  private readonly freed: readonly number[];
  private readonly arena: number;
  /** Offsets in the arena, by slot; -1 for what is not there. */
  private readonly offsets: readonly number[];
  private readonly inputCells: Cell[];
  /** Milliseconds of work that threads share. */
  private readonly sharedWork: number;

  constructor(program: Program, private readonly machine: Machine) {
    const { slots, inputs, donated, buffers, steps } = program;
    this.cells = machine.cells;
    this.slots = slots;
    this.frame = {
      addresses: new Int32Array(slots.length + 1),
      blocks: new Int32Array(slots.length + 1),
    };
    const compiler = new StepCompiler(program, this.frame, machine);
    this.steps = compiler.compile(steps);
    this.sharedWork = sharedCostOf(this.steps) / 1e6;
    const { arena, offsets, own } = place(program, compiler.workspace);
    this.inputSlots = inputs.map((id) => buffers[id]!.slot);
    this.donated = inputs.flatMap((_, i) => donated[i] ? [i] : []);
    this.own = own;
    this.freed = [...own, ...this.donated.map((i) => this.inputSlots[i]!)];
    this.arena = arena;
    this.offsets = offsets;
    this.outputs = planOutputs(program);
    this.inputCells = inputs.map(() => NO_CELL);
  }

  run(inputs: readonly Buffer[]): readonly Buffer[] {
    const buffers = inputs as readonly CpuBuffer[];
    const arena = this.acquire(buffers);
    try {
      this.setAddresses(arena);
      if (this.donated.length > 0) this.takeDonated(buffers);
      if (this.sharedWork > 0) this.machine.pool.expect(this.sharedWork);
      runSteps(this.steps);
      return this.results();
    } finally {
      if (arena !== 0) this.cells.free(arena, this.arena);
      this.freeBlocks();
      this.unpin();
    }
  }

  /** Pins inputs and reserves blocks, or changes nothing; gives the arena. */
  private acquire(inputs: readonly CpuBuffer[]): number {
    const { cells, inputCells } = this;
    // Cells are looked up first: what throws must leave nothing pinned.
    for (let i = 0; i < inputs.length; i++) inputCells[i] = cellOf(inputs[i]!);
    for (let i = 0; i < inputs.length; i++) cells.pin(inputCells[i]!);
    try {
      if (this.donated.length > 0) this.checkDonated(inputs);
      let arena = this.reserve(inputs);
      if (arena < 0) {
        // Room may be in pieces: with all inputs moved out, it is one piece.
        for (const cell of inputCells) cells.copyOut(cell);
        arena = this.reserve(inputs);
      }
      if (arena >= 0) return arena;
      throw outOfMemory("run a program", this.bytesNeeded(), cells.budget);
    } catch (error) {
      this.unpin();
      throw error;
    }
  }

  /** The arena, or 0 without one; -1 if there is no room for all blocks. */
  private reserve(inputs: readonly CpuBuffer[]): number {
    const { cells, own, slots, frame: { blocks } } = this;
    const arena = this.arena > 0 ? cells.reserve(this.arena) : 0;
    let isRoom = this.arena === 0 || arena !== 0;
    for (let i = 0; isRoom && i < own.length; i++) {
      const slot = own[i]!;
      isRoom = (blocks[slot] = cells.reserve(slots[slot]!)) !== 0;
    }
    for (let i = 0; isRoom && i < inputs.length; i++) {
      isRoom = this.inputCells[i]!.block !== 0 || cells.bringIn(inputs[i]!);
    }
    for (let i = 0; isRoom && i < this.donated.length; i++) {
      const input = this.donated[i]!;
      if (this.inputCells[input]!.owners === 1) continue;
      const slot = this.inputSlots[input]!;
      isRoom = (blocks[slot] = cells.reserve(slots[slot]!)) !== 0;
    }
    if (isRoom) return arena;
    if (arena !== 0) cells.free(arena, this.arena);
    this.freeBlocks();
    return -1;
  }

  private setAddresses(arena: number): void {
    const { cells, offsets, inputSlots, frame: { addresses, blocks } } = this;
    if (arena !== 0) {
      const start = cells.addressOf(arena);
      for (let slot = 0; slot < offsets.length; slot++) {
        addresses[slot] = start + offsets[slot]!;
      }
    }
    for (const slot of this.own) {
      addresses[slot] = cells.addressOf(blocks[slot]!);
    }
    for (let i = 0; i < inputSlots.length; i++) {
      addresses[inputSlots[i]!] = cells.addressOf(this.inputCells[i]!.block);
    }
  }

  /** Only an owner can give memory away: of shared cells the program gets a copy. */
  private takeDonated(inputs: readonly CpuBuffer[]): void {
    const { cells, frame: { addresses, blocks } } = this;
    for (const i of this.donated) {
      const slot = this.inputSlots[i]!;
      if (this.inputCells[i]!.owners === 1) {
        blocks[slot] = cells.take(inputs[i]!);
        continue;
      }
      const from = addresses[slot]!;
      addresses[slot] = cells.addressOf(blocks[slot]!);
      cells.copyWithin(from, addresses[slot]!, this.slots[slot]!);
      cells.release(inputs[i]!);
    }
  }

  private checkDonated(inputs: readonly CpuBuffer[]): void {
    const twice = this.donated.find((i) =>
      inputs.indexOf(inputs[i]!) !== inputs.lastIndexOf(inputs[i]!)
    );
    if (twice === undefined) return;
    throw new TypeError(
      `Cannot donate ${inputs[twice]!.bytes} bytes that are passed twice: ` +
        `memory has one owner. Pass a copy, or leave it out of donateArgnums`,
    );
  }

  private results(): readonly Buffer[] {
    const { cells, outputs, slots, frame: { blocks } } = this;
    const results: CpuBuffer[] = new Array(outputs.length);
    for (let i = 0; i < outputs.length; i++) {
      const { slot, input, twin } = outputs[i]!;
      if (input >= 0) results[i] = cells.share(this.inputCells[input]!);
      else if (twin >= 0) results[i] = cells.share(results[twin]!.cell!);
      else {
        results[i] = cells.adopt(blocks[slot]!, slots[slot]!);
        blocks[slot] = 0;
      }
    }
    return results;
  }

  private freeBlocks(): void {
    const { cells, freed, slots, frame: { blocks } } = this;
    for (let i = 0; i < freed.length; i++) {
      const slot = freed[i]!;
      if (blocks[slot] === 0) continue;
      cells.free(blocks[slot]!, slots[slot]!);
      blocks[slot] = 0;
    }
  }

  private unpin(): void {
    const { cells, inputCells } = this;
    for (let i = 0; i < inputCells.length; i++) {
      cells.unpin(inputCells[i]!);
      inputCells[i] = NO_CELL;
    }
  }

  private bytesNeeded(): number {
    const inputs = new Set(this.inputCells);
    return [
      this.arena,
      ...this.own.map((slot) => this.slots[slot]!),
      ...[...inputs].map((cell) => cell.bytes),
    ].reduce((sum, bytes) => sum + blockBytes(bytes), 0);
  }
}
