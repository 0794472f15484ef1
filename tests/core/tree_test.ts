import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
  equal,
} from "@std/assert";
import fc from "fast-check";
import { TreeError } from "../../core/errors.ts";
import * as tree from "../../core/tree.ts";

/** A base class registered once, as Module is: numbers are its children. */
class Base {
  declare readonly [tree.TREE_NODE]: true;
}
tree.registerTreeNode(Base, {
  flatten(node) {
    const [children, data]: Record<string, unknown>[] = [{}, {}];
    for (const [key, value] of Object.entries(node)) {
      (typeof value === "string" ? data : children)![key] = value;
    }
    return [children!, data!];
  },
  unflatten: (data, children, prototype) =>
    Object.assign(Object.create(prototype), data, children),
});

class Linear extends Base {
  constructor(
    readonly weight: number,
    readonly bias: number | null,
    readonly mode = "train",
  ) {
    super();
  }
  call(x: number): number {
    return this.weight * x + (this.bias ?? 0);
  }
}

class Sequence extends Base {
  constructor(readonly layers: readonly Linear[]) {
    super();
  }
}

/** Not registered: a leaf. */
class Leaf {
  constructor(readonly value: number) {}
}

const anyTree = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.integer(), fc.boolean(), fc.string()),
    fc.constantFrom(null, undefined),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("tree"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    tie("tree").map((child) => Object.assign(new Base(), { child, id: "x" })),
  ),
})).tree;

Deno.test("unflatten() undoes flatten()", () => {
  fc.assert(fc.property(anyTree, (value) => {
    const { leaves, structure } = tree.flatten(value);
    assertEquals(structure.leafCount, leaves.length);
    assertEquals(tree.unflatten(structure, leaves), value);
  }));
});

Deno.test("structures of equal trees are equal, and hash so", () => {
  fc.assert(fc.property(anyTree, anyTree, (a, b) => {
    const again = tree.structure(tree.map((leaf: unknown) => leaf, a));
    assert(tree.structure(a).equals(again));
    assertEquals(tree.structure(a).hash, again.hash);
    const [x, y] = [tree.structure(a), tree.structure(b)];
    // Without their leaves, trees are equal where their structures are.
    const [bareA, bareB] = [a, b].map((t) => tree.map(() => 0, t));
    assertEquals(x.equals(y), equal(bareA, bareB));
    if (x.equals(y)) assertEquals([x.hash, String(x)], [y.hash, String(y)]);
  }));
  const node = (child: string) => Object.assign(new Base(), { child });
  assert(!tree.structure(node(" ")).equals(tree.structure(node(""))));
});

Deno.test("flatten() visits keys in order and leaves of any type", () => {
  const [bytes, f, leaf] = [new Uint8Array(2), () => 0, new Leaf(1)];
  const value = { b: [bytes, f], a: leaf, c: { __proto__: null, x: "s" } };
  assertEquals(tree.leaves<unknown, unknown>(value), [leaf, bytes, f, "s"]);
  assertEquals(tree.leaves({ b: 1, a: 2 }), tree.leaves({ a: 2, b: 1 }));
  assert(tree.structure({ b: 1, a: 2 }).equals(tree.structure({ a: 0, b: 0 })));
});

Deno.test("null and undefined are two empty trees", () => {
  assertEquals(tree.leaves([null, undefined]), []);
  const { structure } = tree.flatten({ a: null, b: undefined });
  assertEquals(tree.unflatten(structure, []), { a: null, b: undefined });
  assert(!tree.structure([null]).equals(tree.structure([undefined])));
  assert(!tree.structure({ a: undefined }).equals(tree.structure({})));
  assertEquals(tree.leaves([, 1]), [1]); // a hole is undefined
});

Deno.test("flatten() asks isLeaf of every node", () => {
  const isPair = (x: unknown) => Array.isArray(x) && x.length === 2;
  const { leaves, structure } = tree.flatten(
    [[1, 2], [3]],
    (x) => x !== null && isPair(x) && typeof (x as unknown[])[0] === "number",
  );
  assertEquals<unknown>(leaves, [[1, 2], 3]);
  assertEquals(String(structure), "TreeStructure([*, [*]])");
  assertEquals(tree.structure(null, (x) => x === null).leafCount, 1);
});

Deno.test("the key __proto__ is a key", () => {
  const value = JSON.parse('{"__proto__": 1}');
  const { leaves, structure } = tree.flatten(value);
  assertEquals(leaves, [1]);
  assert(Object.hasOwn(tree.unflatten<object>(structure, [2]), "__proto__"));
});

Deno.test("flatten() copies: later changes of the tree do not matter", () => {
  const value = [1, [2]] as [number, number[]];
  const { structure } = tree.flatten(value);
  value[1].push(3);
  assertEquals(tree.unflatten(structure, [5, 6]), [5, [6]]);
});

Deno.test("subclasses of a registered class are nodes of their own class", () => {
  const net = new Sequence([new Linear(1, 2), new Linear(3, null)]);
  const { leaves, structure } = tree.flatten<Sequence, number>(net);
  assertEquals(leaves, [2, 1, 3]);
  const doubled = tree.map((x: number) => 2 * x, net);
  assert(doubled instanceof Sequence && doubled.layers[0] instanceof Linear);
  assertEquals(doubled, new Sequence([new Linear(2, 4), new Linear(6, null)]));
  assertEquals(doubled.layers[0]!.call(10), 24);
  assertEquals(
    String(structure),
    "TreeStructure(Sequence { layers: [Linear { bias: *, weight: * }, " +
      "Linear { bias: null, weight: * }] })",
  );
});

Deno.test("structures compare classes and static data", () => {
  const linear = tree.structure(new Linear(1, 2));
  assert(linear.equals(tree.structure(new Linear(3, 4))));
  assertEquals(linear.hash, tree.structure(new Linear(3, 4)).hash);
  assert(!linear.equals(tree.structure(new Linear(1, 2, "eval"))));
  assert(!linear.equals(tree.structure({ weight: 1, bias: 2 })));
  class Other extends Linear {}
  assert(!linear.equals(tree.structure(new Other(1, 2))));
  assert(!linear.equals(null));
});

Deno.test("registerTreeNode() after a first use, of a subclass, and twice", () => {
  class Late extends Leaf {}
  assertEquals(tree.structure(new Late(1)).leafCount, 1);
  const rules = {
    flatten: ({ value }: Leaf) => [[value, value], null] as const,
    unflatten: (_: null, [value]: readonly number[]) => new Late(value!),
  };
  tree.registerTreeNode(Late, rules);
  assertEquals(tree.structure(new Late(1)).leafCount, 2);
  assertEquals(tree.structure(new Leaf(1)).leafCount, 1);
  assertEquals(
    String(tree.structure(new Late(1))),
    "TreeStructure(Late [*, *])",
  );
  assertThrows(
    () => tree.registerTreeNode(Late, rules),
    TreeError,
    "Cannot register Late as a tree node again",
  );

  class Sub extends Late {}
  tree.registerTreeNode(Sub, { ...rules, flatten: () => [[], null] as const });
  assertEquals(tree.structure(new Sub(1)).leafCount, 0);
});

Deno.test("unflatten() needs as many leaves as the structure has", () => {
  assertThrows(
    () => tree.unflatten(tree.structure({ a: 1 }), [1, 2]),
    TreeError,
    "Cannot unflatten 2 leaves into TreeStructure({ a: * }): needs 1",
  );
});

Deno.test("map() takes several trees, the others possibly deeper", () => {
  assertEquals(tree.map((x, y) => x + y, { a: 1, b: [2] }, { a: 3, b: [4] }), {
    a: 4,
    b: [6],
  });
  const counts = tree.map(
    (x: number, state: number[]) => x + state.length,
    [1, 2],
    [[0, 0], []],
  );
  assertEquals(counts, [3, 2]);
  assertEquals(tree.map((x: number) => x, null), null);
  const texts: { a: string; b: string[] } = tree.map(String, { a: 1, b: [2] });
  assertEquals(texts, { a: "1", b: ["2"] });
});

Deno.test("map() does not pass what f did not ask for", () => {
  const args: unknown[][] = [];
  tree.map((...all: unknown[]) => args.push(all), ["7"]);
  assertEquals(args, [["7"]]);
});

Deno.test("map() names the place where structures differ", () => {
  const failure = (a: unknown, b: unknown) =>
    assertThrows(() => tree.map((x: unknown) => x, a, b), TreeError).message;
  assertEquals(
    failure({ layers: [1, { bias: [1] }] }, { layers: [1, { bias: [1, 2] }] }),
    "Cannot match trees: tree.layers[1].bias is an array of length 2, but the " +
      "first tree has an array of length 1 there. Give both the same structure",
  );
  assertEquals(
    failure({ "a b": { c: 1 } }, { "a b": { d: 1, e: 2 } }),
    'Cannot match trees: tree["a b"] is an object with keys d, e, but the ' +
      "first tree has an object with keys c there. Give both the same structure",
  );
  assertEquals(
    failure([null], [0]),
    "Cannot match trees: tree[0] is a leaf, but the first tree has null " +
      "there. Give both the same structure",
  );
  assertEquals(
    failure([new Linear(1, 2)], [new Linear(1, 2, "eval")]),
    "Cannot match trees: the static data of tree[0] (a Linear with keys bias, " +
      "weight) differ from those at the same place of the first tree. Make " +
      "both from one value",
  );
});

Deno.test("flattenUpTo() uses the name that it is given", () => {
  assertThrows(
    () =>
      tree.flattenUpTo(tree.structure([{ w: 1 }]), [{}], { name: "params" }),
    TreeError,
    "params[0] is an object without keys",
  );
});

Deno.test("mapWithPath() and flattenWithPath() tell where leaves are", () => {
  const params = { layers: [{ w: 1 }, { w: 2 }], "1x": 3 };
  const { leaves } = tree.flattenWithPath(params);
  assertEquals(leaves.map(([path]) => tree.formatPath(path, "p")), [
    'p["1x"]',
    "p.layers[0].w",
    "p.layers[1].w",
  ]);
  const sums = tree.mapWithPath(
    (path, x, y) => path.length * (x + y),
    params,
    params,
  );
  assertEquals(sums, { layers: [{ w: 6 }, { w: 12 }], "1x": 6 });
  assertEquals(tree.flattenWithPath(5).leaves, [[[], 5]]);
});

Deno.test("reduce() folds from the left", () => {
  const join = (a: string, b: string) => a + b;
  assertEquals(tree.reduce(join, { b: "2", a: ["1"] }), "12");
  assertEquals(tree.reduce(join, { b: "2", a: ["1"] }, "0"), "012");
  assertEquals(
    tree.reduce((_: undefined, x: number) => void x, [1], undefined),
    undefined,
  );
  assertEquals(tree.reduce(join, [], "none"), "none");
  assertThrows(() => tree.reduce(join, []), TypeError);
});

Deno.test("all() of no leaves is true", () => {
  assert(tree.all([null, {}]));
  assert(!tree.all({ a: [1, 0] }));
});

Deno.test("transpose() is its own inverse", () => {
  const [outer, inner] = [
    tree.structure([0, [0]]),
    tree.structure({ x: 0, y: 0 }),
  ];
  const value = [{ x: 1, y: 2 }, [{ x: 3, y: 4 }]];
  const inside = tree.transpose(outer, inner, value);
  assertEquals(inside, { x: [1, [3]], y: [2, [4]] });
  assertEquals(tree.transpose(inner, outer, inside), value);
  assertThrows(
    () => tree.transpose(outer, inner, [{ x: 1, y: 2 }, [{ x: 3 }]]),
    TreeError,
    "tree[1][0] is an object with keys x",
  );
});

Deno.test("a tree of one leaf is the leaf itself", () => {
  const leaf = new Leaf(1);
  const { leaves, structure } = tree.flatten<Leaf, Leaf>(leaf);
  assertStrictEquals(leaves[0], leaf);
  assertStrictEquals(tree.unflatten(structure, leaves), leaf);
  assertEquals(String(structure), "TreeStructure(*)");
});
