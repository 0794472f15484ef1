/** Function bodies: statements, local variables and control flow. */

import { Bytes } from "./bytes.ts";
import { i32 } from "./instructions.ts";
import type { ModuleBuilder } from "./module.ts";
import {
  Effect,
  type I32,
  Local,
  TYPE_CODES,
  type V128,
  Value,
  type ValueType,
} from "./value.ts";

const VOID = 0x40;
const END = 0x0b;

/** What `for` counts. */
export interface Range {
  readonly from: I32;
  readonly to: I32;
  readonly step?: number;
  /** Whether it is known that there is a first iteration. */
  readonly nonEmpty?: boolean;
}

/** A part of a function's body. Parts are written apart and put together. */
export class Code {
  private readonly bytes = new Bytes();

  constructor(readonly fn: FunctionBuilder) {}

  /** A part of the same function, to be appended later. */
  part(): Code {
    return new Code(this.fn);
  }

  /** Computes `value` now; the result may be used often. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.fn.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Value<T>): void {
    value.write(this.bytes);
    this.bytes.byte(0x21).unsigned(local.index);
  }

  do(...effects: readonly Effect[]): void {
    for (const effect of effects) effect.write(this.bytes);
  }

  append(part: Code): void {
    this.bytes.append(part.bytes);
  }

  if(
    condition: I32,
    then: (code: Code) => void,
    otherwise?: (code: Code) => void,
  ): void {
    condition.write(this.bytes);
    this.bytes.byte(0x04).byte(VOID);
    then(this);
    if (otherwise) {
      this.bytes.byte(0x05);
      otherwise(this);
    }
    this.bytes.byte(END);
  }

  /** Repeats `body` until `while_` (computed at its end) is 0. */
  doWhile(body: (code: Code) => I32): void {
    this.bytes.byte(0x03).byte(VOID);
    body(this).write(this.bytes);
    this.bytes.byte(0x0d).byte(0).byte(END);
  }

  /** Repeats `body` as long as the condition, computed before it, is not 0. */
  while(condition: (code: Code) => I32, body: (code: Code) => void): void {
    this.bytes.byte(0x02).byte(VOID).byte(0x03).byte(VOID);
    i32.eqz(condition(this)).write(this.bytes);
    this.bytes.byte(0x0d).byte(1);
    body(this);
    this.bytes.byte(0x0c).byte(0).byte(END).byte(END);
  }

  /** Counts `variable` through a range. */
  for(
    variable: Local<"i32">,
    { from, to, step = 1, nonEmpty = false }: Range,
    body: (code: Code) => void,
  ): void {
    this.set(variable, from);
    const loop = () =>
      this.doWhile((code) => {
        body(code);
        code.set(variable, i32.add(variable, i32.const(step)));
        return i32.lt_s(variable, to);
      });
    if (nonEmpty) loop();
    else this.if(i32.lt_s(variable, to), loop);
  }

  return(value: Value): void {
    value.write(this.bytes);
    this.bytes.byte(0x0f);
  }

  /** The value that the function ends with. */
  result(value: Value): void {
    value.write(this.bytes);
  }

  writeTo(bytes: Bytes): void {
    bytes.append(this.bytes);
  }
}

/** A function while it is written. */
export class FunctionBuilder {
  readonly params: readonly Local[];
  readonly body: Code;
  private readonly types: ValueType[] = [];
  private readonly constants = new Map<string, Local>();
  private readonly prologue: Code;

  constructor(params: readonly ValueType[], readonly module: ModuleBuilder) {
    this.params = params.map((type, i) => new Local(type, i));
    this.prologue = new Code(this);
    this.body = new Code(this);
  }

  local<T extends ValueType>(type: T): Local<T> {
    this.types.push(type);
    return new Local(type, this.params.length + this.types.length - 1);
  }

  /**
   * A constant vector that is made once, where the function starts: written
   * inside a loop the engine would assemble it in every iteration.
   */
  constant(value: V128): V128 {
    const bytes = new Bytes();
    value.write(bytes);
    const key = bytes.toKey();
    let local = this.constants.get(key) as Local<"v128"> | undefined;
    if (!local) this.constants.set(key, local = this.prologue.let(value));
    return local;
  }

  /** The body with its locals, as the code section has it. */
  toBytes(): Bytes {
    const bytes = new Bytes().list(
      runsOf(this.types),
      ({ count, type }, to) => to.unsigned(count).byte(TYPE_CODES[type]),
    );
    this.prologue.writeTo(bytes);
    this.body.writeTo(bytes);
    return bytes.byte(END);
  }
}

function runsOf(
  types: readonly ValueType[],
): readonly { readonly type: ValueType; readonly count: number }[] {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return runs;
}

/** Calls for their results; see `FunctionRef`. */
export function callOf<R extends ValueType>(
  result: R,
  index: number,
  args: readonly Value[],
): Value<R> {
  return new Value(result, (to) => writeCall(to, index, args));
}

/** Calls for their effects. */
export function effectOf(index: number, args: readonly Value[]): Effect {
  return new Effect((to) => writeCall(to, index, args));
}

function writeCall(to: Bytes, index: number, args: readonly Value[]): void {
  for (const arg of args) arg.write(to);
  to.byte(0x10).unsigned(index);
}
