/**
 * Long loops without a pause, as a process: does memory stay what it is?
 *
 * Prints one JSON line: samples of both loops. Run by `deno task bench --soak`.
 *
 * @module
 */

/** What is held at some step. */
export interface Sample {
  readonly step: number;
  readonly milliseconds: number;
  /** Bytes of the process. */
  readonly rss: number;
  /** Bytes of all WebAssembly memories: what they may address, used or not. */
  readonly wasm: number;
  /** Bytes of the engine's heap. */
  readonly heap: number;
}

// Memories are counted by watching them being made: that asks nothing of the library.
const memories: WebAssembly.Memory[] = [];
const Memory = WebAssembly.Memory;
WebAssembly.Memory = class extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};

const { defaultDevice, init, jit, nn, numpy: np, optim, random, valueAndGrad } =
  await import("../../mod.ts");

/** Runs `step` in a synchronous loop; nothing is ever awaited in it. */
function watched(
  steps: number,
  step: () => void,
  countOfStep = 1,
): readonly Sample[] {
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(steps / 200));
  const start = performance.now();
  for (let i = 0; i <= steps; i++) {
    if (i % every === 0) {
      samples.push(held(i * countOfStep, performance.now() - start));
    }
    if (i < steps) step();
  }
  return samples;
}

function held(step: number, milliseconds: number): Sample {
  const { rss, heapUsed } = Deno.memoryUsage();
  const wasm = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  return { step, milliseconds, rss, wasm, heap: heapUsed };
}

/** Eager operations on 4 KiB each: 4 GB for 10⁶ of them, if nothing is freed. */
function eagerOperations(count: number): readonly Sample[] {
  let x = np.ones([1024]);
  return watched(count / 2, () => {
    x = x.mul(0.5).add(0.5);
  }, 2);
}

/** Steps of a small network, each with new parameters and moments. */
function trainingSteps(count: number): readonly Sample[] {
  const [first, second] = random.split(random.key(0));
  let model = new nn.Sequential([
    new nn.Linear(2, 64, { key: first! }),
    np.tanh,
    new nn.Linear(64, 1, { key: second! }),
  ]);
  const x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]);
  const y = np.array([[0], [1], [1], [0]]);
  const adam = optim.adam(1e-2);
  let state = adam.init(model);
  const loss = (m: typeof model) => np.mean(np.square(m.call(x).sub(y)));
  const step = jit((m: typeof model, s: unknown) => {
    const [value, slope] = valueAndGrad(loss)(m);
    const [updates, next] = adam.update(slope, s, m);
    return [optim.applyUpdates(m, updates), next, value] as const;
  });
  return watched(count, () => {
    const [next, moments, value] = step(model, state);
    [model, state] = [next, moments];
    value.item();
  });
}

const [eager, steps, device] = Deno.args;
if (device) {
  await init(device);
  defaultDevice(device);
}
const result = {
  device: defaultDevice(),
  eager: eagerOperations(Number(eager)),
  training: trainingSteps(Number(steps)),
};
console.log(JSON.stringify(result));
