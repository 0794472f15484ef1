/** Modules: what they import, their functions and what they export. */

import { Bytes } from "./bytes.ts";
import { callOf, effectOf, FunctionBuilder } from "./function.ts";
import {
  type Effect,
  global,
  TYPE_CODES,
  type Value,
  type ValueType,
} from "./value.ts";

/** Parameters and result of a function. */
export interface Signature<R extends ValueType | null = ValueType | null> {
  readonly params: readonly ValueType[];
  readonly result: R;
}

/** A function that others of its module can call. */
export class FunctionRef<R extends ValueType | null = ValueType | null> {
  constructor(readonly index: number, readonly signature: Signature<R>) {}

  /** The result of a call. */
  call(
    ...args: readonly Value[]
  ): Value<R & ValueType> {
    const { result } = this.signature;
    if (result === null) throw new Error("The function has no result");
    return callOf(result as R & ValueType, this.index, args);
  }

  /** A call of a function without a result. */
  run(...args: readonly Value[]): Effect {
    return effectOf(this.index, args);
  }
}

const [FUNCTION, GLOBAL, MEMORY] = [0, 3, 2];

/** A module while it is written. Imports come before functions. */
export class ModuleBuilder {
  private readonly signatures: Signature[] = [];
  private readonly imports: Bytes[] = [];
  private readonly functions: { type: number; builder: FunctionBuilder }[] = [];
  private readonly exports: { name: string; index: number }[] = [];
  private readonly shared = new Map<string, FunctionRef>();
  private importedFunctions = 0;
  private globals = 0;

  /**
   * A memory that threads share, of `least` to `most` pages of 64 KiB. The engine
   * does without a check where what it adds to an address is below `least`.
   */
  importMemory(
    module: string,
    name: string,
    { least = 0, most }: { readonly least?: number; readonly most: number },
  ): void {
    const flags = 3; // shared, with a maximum
    this.imports.push(
      new Bytes().name(module).name(name).byte(MEMORY)
        .byte(flags).unsigned(least).unsigned(most),
    );
  }

  /** A number that the instance is given and never changes. */
  importGlobal<T extends ValueType>(
    module: string,
    name: string,
    type: T,
  ): Value<T> {
    this.imports.push(
      new Bytes().name(module).name(name).byte(GLOBAL)
        .byte(TYPE_CODES[type]).byte(0),
    );
    return global(type, this.globals++);
  }

  importFunction<R extends ValueType | null>(
    module: string,
    name: string,
    signature: Signature<R>,
  ): FunctionRef<R> {
    if (this.functions.length > 0) {
      throw new Error("Imports come before functions");
    }
    this.imports.push(
      new Bytes().name(module).name(name).byte(FUNCTION)
        .unsigned(this.typeOf(signature)),
    );
    const ref = new FunctionRef(this.importedFunctions++, signature);
    this.shared.set(`${module}.${name}`, ref);
    return ref;
  }

  /** A function that has been imported. */
  imported(module: string, name: string): FunctionRef {
    const ref = this.shared.get(`${module}.${name}`);
    if (!ref) throw new Error(`The module does not import ${module}.${name}`);
    return ref;
  }

  /** Adds a function; `build` may call the functions before it. */
  function<R extends ValueType | null>(
    signature: Signature<R>,
    build: (fn: FunctionBuilder) => void,
  ): FunctionRef<R> {
    const builder = new FunctionBuilder(signature.params, this);
    build(builder);
    this.functions.push({ type: this.typeOf(signature), builder });
    const index = this.importedFunctions + this.functions.length - 1;
    return new FunctionRef(index, signature);
  }

  /** The function of that name, added when it is first asked for. */
  once<R extends ValueType | null>(
    name: string,
    signature: Signature<R>,
    build: (fn: FunctionBuilder) => void,
  ): FunctionRef<R> {
    let ref = this.shared.get(name) as FunctionRef<R> | undefined;
    if (!ref) this.shared.set(name, ref = this.function(signature, build));
    return ref;
  }

  export(name: string, { index }: FunctionRef): void {
    this.exports.push({ name, index });
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Bytes().raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(
      bytes,
      1,
      (to) =>
        to.list(
          this.signatures,
          ({ params, result }, t) =>
            t.byte(0x60).list(params, (p, u) => u.byte(TYPE_CODES[p]))
              .list(result ? [result] : [], (r, u) => u.byte(TYPE_CODES[r])),
        ),
    );
    section(
      bytes,
      2,
      (to) => to.list(this.imports, (entry, t) => t.append(entry)),
    );
    section(
      bytes,
      3,
      (to) => to.list(this.functions, ({ type }, t) => t.unsigned(type)),
    );
    section(
      bytes,
      7,
      (to) =>
        to.list(
          this.exports,
          ({ name, index }, t) => t.name(name).byte(FUNCTION).unsigned(index),
        ),
    );
    section(bytes, 10, (to) =>
      to.list(this.functions, ({ builder }, t) => {
        const body = builder.toBytes();
        t.unsigned(body.length).append(body);
      }));
    return bytes.toArray();
  }

  private typeOf({ params, result }: Signature): number {
    const known = this.signatures.findIndex((s) =>
      s.result === result && s.params.join() === params.join()
    );
    return known >= 0 ? known : this.signatures.push({ params, result }) - 1;
  }
}

function section(to: Bytes, id: number, write: (to: Bytes) => void): void {
  const content = new Bytes();
  write(content);
  to.byte(id).unsigned(content.length).append(content);
}
