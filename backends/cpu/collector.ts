/**
 * Finds out, in the middle of a job, which objects nobody holds any more.
 *
 * Finalizers run only when the event loop turns, and a `WeakRef` keeps its
 * target until the job ends: a loop that never waits would learn nothing. But
 * these targets are let go whenever a queue of microtasks ends, also that of a
 * context with a queue of its own, where the program's own microtasks do not
 * run. So a `WeakRef` of the user, too, may lose a target that nobody holds in
 * the middle of a job, though not between two lines that do not call us.
 *
 * Needs no flag and no permission. It depends on the engine, so each collection
 * looks whether it works.
 */

/** Elements of an array of 64 KiB: a large one would not be among young objects. */
const YOUNG = 8192;
/** Such arrays between two looks whether young objects have been collected: 1 MiB. */
const ARRAYS = 16;
/** So many looks later they have been, if they ever are. */
const LOOKS = 32;

/** The collector of the engine, set up at the first use: 3 to 40 milliseconds. */
export class Collector {
  private engine: Engine | null | undefined;
  /** Holds what is thrown away, so that it is really made. */
  private waste: unknown[] = [];

  /** Whether unused objects are found; true as long as nothing speaks against it. */
  get works(): boolean {
    return this.engine !== null;
  }

  /**
   * Lets the targets of `WeakRef`s go that nobody else holds, for the engine to
   * find in its own time: 20 µs.
   */
  release(): void {
    this.opened()?.release();
  }

  /**
   * Lets them go and finds those that are young: 1 ms. The engine collects them
   * once their space is full, so it is filled.
   */
  collectYoung(): void {
    const engine = this.opened();
    if (engine === null) return;
    // A look keeps what it finds, so that each needs a probe of its own.
    const probes = Array.from({ length: LOOKS }, weakReference);
    engine.release();
    for (const probe of probes) {
      for (let i = 0; i < ARRAYS; i++) this.waste = new Array(YOUNG);
      if (!probe.deref()) break;
    }
    this.waste = [];
  }

  /** Lets them go and finds them: 10 ms, and 0.1 µs an object that is in use. */
  collect(): void {
    const engine = this.opened();
    if (engine === null) return;
    const probe = weakReference();
    engine.release();
    engine.collect();
    if (probe.deref()) this.engine = null;
  }

  private opened(): Engine | null {
    if (this.engine === undefined) this.engine = openEngine();
    return this.engine;
  }
}

interface Engine {
  release(): void;
  collect(): void;
}

function openEngine(): Engine | null {
  try {
    const v8 = process.getBuiltinModule("node:v8");
    const vm = process.getBuiltinModule("node:vm");
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc") as () => void;
    const context = vm.createContext({}, { microtaskMode: "afterEvaluate" });
    const nothing = new vm.Script("0");
    return { release: () => void nothing.runInContext(context), collect };
  } catch {
    return null; // no such modules, or an engine without these flags
  }
}

/** In a function of its own, so that no register holds the object. */
function weakReference(): WeakRef<object> {
  return new WeakRef({});
}
