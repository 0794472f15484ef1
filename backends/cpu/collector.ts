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
 * Needs no flag and no permission. It depends on the engine, so it is tried
 * before it is relied upon.
 */

/** The collector of the engine, set up at the first use: a millisecond. */
export class Collector {
  private engine: Engine | null | undefined;

  /** Whether unused objects are found; unknown, so true, before the first use. */
  get works(): boolean {
    return this.engine !== null;
  }

  /** Lets the targets of all `WeakRef`s go that nobody else holds: 20 µs. */
  release(): void {
    this.opened()?.release();
  }

  /** Does so, and collects: some milliseconds. */
  collect(): void {
    this.release();
    this.opened()?.collect();
  }

  private opened(): Engine | null {
    if (this.engine === undefined) {
      const engine = openEngine();
      this.engine = engine && finds(engine) ? engine : null;
    }
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

/** Whether an object that is not held is gone afterwards. */
function finds({ release, collect }: Engine): boolean {
  const probe = weakReference();
  release();
  collect();
  return probe.deref() === undefined;
}

/** In a function of its own, so that no register holds the object. */
function weakReference(): WeakRef<object> {
  return new WeakRef({});
}
