/** The networks as functions of named variables. */

import type { Tasks } from "../../rows/tasks.ts";
import { initial } from "../../shared/parameters.ts";
import { tf } from "./open.ts";

/** Variables by the names that all peers know; made when first asked for. */
export class Variables {
  private readonly known = new Map<string, tf.Variable>();

  get<S extends readonly number[]>(name: string, shape: S): tf.Variable {
    const found = this.known.get(name);
    if (found) return found;
    const value = tf.tensor(initial(name, shape), [...shape]);
    const made = tf.variable(value, true);
    this.known.set(name, made);
    return made;
  }

  dispose(): void {
    for (const variable of this.known.values()) variable.dispose();
  }
}

function linear(
  p: Variables,
  name: string,
  x: tf.Tensor,
  outputs: number,
): tf.Tensor {
  const inputs = x.shape.at(-1)!;
  const rows = x.reshape([-1, inputs]);
  const y = tf.matMul(rows, p.get(`${name}.weight`, [inputs, outputs]))
    .add(p.get(`${name}.bias`, [outputs]));
  return y.reshape([...x.shape.slice(0, -1), outputs]);
}

function norm(p: Variables, name: string, x: tf.Tensor): tf.Tensor {
  const shape = [x.shape.at(-1)!];
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt())
    .mul(p.get(`${name}.scale`, shape)).add(p.get(`${name}.bias`, shape));
}

export function mlp(p: Variables, x: tf.Tensor): tf.Tensor {
  const hidden = tf.relu(linear(p, "layer1", x, 512));
  return linear(p, "layer3", tf.relu(linear(p, "layer2", hidden, 256)), 10);
}

/** With the formula of tanh, as the other peers. */
function gelu(x: tf.Tensor): tf.Tensor {
  const cubic = x.add(x.square().mul(x).mul(0.044715));
  return x.mul(tf.tanh(cubic.mul(Math.sqrt(2 / Math.PI))).add(1).mul(0.5));
}

function attended(
  p: Variables,
  name: string,
  x: tf.Tensor,
  { heads, hidden }: { heads: number; hidden: tf.Tensor },
): tf.Tensor {
  const [batch, tokens, width] = x.shape as [number, number, number];
  const [q, k, v] = tf.split(linear(p, `${name}.qkv`, x, 3 * width), 3, -1)
    .map((part) =>
      part.reshape([batch, tokens, heads, width / heads])
        .transpose([0, 2, 1, 3])
    );
  const scores = tf.matMul(q!, k!, false, true)
    .mul(1 / Math.sqrt(width / heads)).add(hidden);
  const mixed = tf.matMul(tf.softmax(scores), v!).transpose([0, 2, 1, 3]);
  return linear(p, `${name}.out`, mixed.reshape([batch, tokens, width]), width);
}

/** Tokens come as one-hot rows: the derivative of a gather has no kernel. */
export function gpt(
  { layers, width, heads, tokens, vocabulary }: Tasks["gpt"],
  p: Variables,
  rows: tf.Tensor,
): tf.Tensor {
  const future = tf.sub(
    1,
    tf.linalg.bandPart(tf.ones([tokens, tokens]), -1, 0),
  );
  const hidden = future.mul(-1e9);
  let x = tf.matMul(
    rows.reshape([-1, vocabulary]),
    p.get("tokens.weight", [vocabulary, width]),
  )
    .reshape([-1, tokens, width])
    .add(p.get("positions.weight", [tokens, width]));
  for (let i = 0; i < layers; i++) {
    const name = `blocks.${i}`;
    const normed = norm(p, `${name}.norm1`, x);
    x = x.add(attended(p, name, normed, { heads, hidden }));
    const wide = linear(
      p,
      `${name}.up`,
      norm(p, `${name}.norm2`, x),
      4 * width,
    );
    x = x.add(linear(p, `${name}.down`, gelu(wide), width));
  }
  return tf.matMul(
    norm(p, "norm", x).reshape([-1, width]),
    p.get("head.weight", [width, vocabulary]),
  );
}
