import {
  assertEquals,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { modulesOf, parseBundle } from "../../tools/bundle.ts";
import { functionsCalledBy } from "../../tools/coverage.ts";
import { withEagerFunctions } from "../../tools/eager_functions.ts";
import { eagerModules, withLazyModules } from "../../tools/lazy_modules.ts";
import { withPublicNames } from "../../tools/names.ts";

/** As the bundler writes it, with all that the build must see to. */
const BUNDLE = `
var __defProp = Object.defineProperty;
var __name = (target, value) => __defProp(target, "name", { value, configurable: true });
var __export = (target, all) => {
  for (var name in all) __defProp(target, name, { get: all[name], enumerable: true });
};

// log.ts
var log = [];
function note(event) {
  log.push(event);
  return event;
}
__name(note, "note");

// counter.ts
var isCounting = note("counter");
var count = 0;
function next() {
  return { isCounting, count: ++count };
}
__name(next, "next");
var Counter2 = class {
  static {
    __name(this, "Counter");
  }
  next() {
    return next();
  }
};
var Internal = class {
  static {
    __name(this, "Internal");
  }
  static rows;
  static {
    const next = /* @__PURE__ */ __name(() => 7, "next");
    this.rows = next();
  }
};

// effect.ts
note("effect");

// tools.ts
var tools_exports = {};
__export(tools_exports, {
  Counter: () => Counter2,
  latest: () => latest,
  twice: () => twice2
});
note("tools");
var twice2 = /* @__PURE__ */ __name((x) => 2 * x, "twice");
var helper = /* @__PURE__ */ __name((x) => x, "helper");
var given = helper(/* @__PURE__ */ __name(function custom() {}, "custom"));

// latest.ts
var latest = /* @__PURE__ */ __name(() => ({ count, made: new Counter2(), Internal, given, effect: note("latest") }), "latest");
export {
  log,
  tools_exports as tools
};
`;

interface Built {
  readonly log: readonly string[];
  readonly tools: {
    readonly Counter: new () => {
      next(): { isCounting: string; count: number };
    };
    readonly twice: (x: number) => number;
    readonly latest: () => {
      count: number;
      made: object;
      given: () => void;
      Internal: { rows: number };
    };
  };
}

const load = (code: string): Promise<Built> =>
  import(`data:text/javascript,${encodeURIComponent(code)}`);

Deno.test("the statements of a bundle belong to modules", () => {
  assertEquals(modulesOf(parseBundle(BUNDLE)), [
    "",
    "log.ts",
    "counter.ts",
    "effect.ts",
    "tools.ts",
    "latest.ts",
  ]);
});

Deno.test("modules that act on others, or whose names are exported, are eager", () => {
  const bundle = parseBundle(withPublicNames(parseBundle(BUNDLE)));
  assertEquals(
    eagerModules(bundle),
    new Set(["", "log.ts", "effect.ts", "tools.ts"]),
  );
});

Deno.test("modules with statements that may act on others are eager", () => {
  const acts = [
    "note(1);",
    "for (const x of [1, 2]) note(x);",
    "if (true) note(1);",
    "new (class { constructor() { note(1); } })();",
    "Object.assign(Counter2.prototype, { f: 1 });",
    "[1].forEach(note);",
    "void note(1);",
    "Counter2.limit = 1;",
  ];
  const isEager = (statement: string) =>
    eagerModules(parseBundle(BUNDLE.replace('note("effect");', statement)))
      .has("effect.ts");
  assertEquals(acts.filter((act) => !isEager(act)), []);
  const definitions = "var own = note; own.rule(1); own(1); class Own {}";
  assertEquals(isEager(definitions), false);
});

Deno.test("other modules are evaluated once, when they are first used", async () => {
  const bundle = parseBundle(BUNDLE);
  const code = withLazyModules(bundle, eagerModules(bundle));
  const { log, tools } = await load(code);
  assertEquals(log, ["effect", "tools"]);
  assertEquals(tools.twice(4), 8);
  assertEquals(log, ["effect", "tools"]);
  const counter = new tools.Counter();
  assertEquals(log, ["effect", "tools", "counter"]);
  assertEquals(counter.next(), { isCounting: "counter", count: 1 });
  // What changes is seen as it is now, and a class is one class.
  const { count, made } = tools.latest();
  assertEquals(count, 1);
  assertEquals(made instanceof tools.Counter, true);
  assertEquals(log, ["effect", "tools", "counter", "latest"]);
});

Deno.test("what users see keeps its name, what is internal does not", async () => {
  const code = withPublicNames(parseBundle(BUNDLE));
  const { tools } = await load(code);
  assertEquals(
    [tools.Counter.name, tools.twice.name, tools.latest.name],
    ["Counter", "twice", "latest"],
  );
  const { given, Internal } = tools.latest();
  assertEquals(given.name, "custom");
  assertEquals(Internal.rows, 7);
  assertNotMatch(code, /__name\([^)]*"(Internal|helper|next)"/);
  assertEquals(new tools.Counter().next().count, 1);
});

Deno.test("functions that a script calls are put into parentheses", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = "new library.tools.Counter().next();";
    const called = await functionsCalledBy(script, BUNDLE, folder);
    const names = called.map(({ name }) => name);
    assertEquals(
      ["note", "next", "latest", "helper"].filter((x) => names.includes(x)),
      ["note", "next"],
    );
    const starts = new Set(called.map(({ start }) => start));
    const code = withEagerFunctions(BUNDLE, starts);
    assertStringIncludes(code, "var next=(function next() {");
    assertStringIncludes(code, "Counter: (() => Counter2),");
    assertStringIncludes(code, "latest: () => latest,");
    const { tools, log } = await load(code);
    assertEquals(new tools.Counter().next().count, 1);
    assertEquals(log, ["counter", "effect", "tools"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
