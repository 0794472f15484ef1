/** Which peers there are, how each is started, and why one is absent. */

import type { Launch } from "../harness/child.ts";
import type { TaskName } from "../rows/tasks.ts";

/** A library that can be measured. */
export interface Peer {
  readonly title: string;
  /** How it is started; or why it cannot be. */
  readonly launch: (device: string | undefined) => Promise<Launch | Absent>;
  /** A script that adds two arrays and ends, with the library as it is delivered. */
  readonly cold?: string;
  /** The same with the library as its sources are, where that is another thing. */
  readonly coldSources?: string;
  /** The tasks in which it differs from another peer, if it is a variant. */
  readonly tasks?: ReadonlySet<TaskName>;
}

/** Why a peer is not measured. */
export interface Absent {
  readonly absent: string;
}

const here = new URL("./", import.meta.url).pathname;

function deno(script: string, ...args: readonly string[]): Launch {
  return {
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", here + script, ...args],
  };
}

/** Makes what is delivered of this library: the cold start is measured with it. */
async function build(): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "build"],
    cwd: here,
  });
  const { success, stderr } = await process.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/**
 * PyTorch at its best: memory is not given back to the system between calls, and
 * threads that wait leave the cores to others.
 */
const TUNED = {
  MALLOC_TRIM_THRESHOLD_: "4294967296",
  MALLOC_MMAP_THRESHOLD_: "4294967296",
  MALLOC_TOP_PAD_: "268435456",
  OMP_WAIT_POLICY: "passive",
  OMP_NUM_THREADS: String(navigator.hardwareConcurrency),
};

/** The first of the usual Pythons that has a module. */
async function pythonWith(module: string): Promise<string | null> {
  const found = Deno.env.get("BENCH_PYTHON");
  for (const python of found ? [found] : ["/usr/bin/python3", "python3"]) {
    if (await hasModule(python, module)) return python;
  }
  return null;
}

async function hasModule(python: string, module: string): Promise<boolean> {
  try {
    const probe = new Deno.Command(python, {
      args: ["-c", `import ${module}`],
    });
    return (await probe.output()).success;
  } catch {
    return false; // there is no such Python
  }
}

async function python(
  module: "torch" | "numpy",
  script: string,
): Promise<Launch | Absent> {
  const command = await pythonWith(module);
  return command
    ? { command, args: ["-B", "-u", here + `python/${script}`], env: TUNED }
    : {
      absent: `no Python with ${module} (Debian: apt-get install ` +
        `python3-${module}; or name a Python in BENCH_PYTHON)`,
    };
}

/** Peers by the names that `--peers` takes; the first is this library. */
export const PEERS: Readonly<Record<string, Peer>> = {
  dinograd: {
    title: "dinograd",
    launch: async (device) => {
      await build();
      return deno("dinograd/main.ts", ...device ? [device] : []);
    },
    cold: "dinograd/cold.ts",
    coldSources: "dinograd/cold_sources.ts",
  },
  "dinograd-blas": {
    title: "dinograd + BLAS",
    launch: (device) =>
      Promise.resolve({
        ...deno("dinograd/main.ts", ...device ? [device] : []),
        env: { DINOGRAD_BLAS: "1" },
      }),
    tasks: new Set<TaskName>(["matmul", "mlp", "lenet", "gpt"]),
  },
  "jax-js": {
    title: "jax-js",
    launch: () => Promise.resolve(deno("jax_js/main.ts")),
    cold: "jax_js/cold.ts",
  },
  tfjs: {
    title: "TensorFlow.js",
    launch: () => Promise.resolve(deno("tfjs/main.ts")),
    cold: "tfjs/cold.ts",
  },
  torch: {
    title: "PyTorch",
    launch: () => python("torch", "torch_main.py"),
    cold: "python/torch_cold.py",
  },
  numpy: {
    title: "NumPy",
    launch: () => python("numpy", "numpy_main.py"),
    cold: "python/numpy_cold.py",
  },
  limits: {
    title: "limit",
    launch: () => Promise.resolve(deno("limits/main.ts")),
  },
};

/** How a peer's script of one addition is started: as `launch`, but that script. */
export function coldLaunch(launch: Launch, script: string): Launch {
  const args = launch.args.map((arg) =>
    arg.startsWith(here) ? here + script : arg
  );
  // A device is an argument of the serving script only.
  return { ...launch, args: args.slice(0, args.indexOf(here + script) + 1) };
}
