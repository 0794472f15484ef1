/** Prints jaxprs as JAX does. */

import type { Atom, Equation, Jaxpr, Var } from "./jaxpr.ts";

/** `{ lambda ; a:f32[3]. let b:f32[3] = sin a in (b,) }`, an equation a line. */
export function formatJaxpr(jaxpr: Jaxpr, indent = ""): string {
  const names = new Map<Var, string>();
  const define = (v: Var) => {
    names.set(v, letters(names.size));
    return `${names.get(v)}:${v.aval}`;
  };
  const atom = (a: Atom) =>
    "value" in a
      ? `${formatNumber(a.value, a)}:${a.aval}`
      : names.get(a) ?? "?";
  const inputs = jaxpr.inputs.map(define).join(" ");
  const inner = indent + "    ";
  const lines = jaxpr.equations.map((equation) => {
    const operands = equation.inputs.map(atom).join(" ");
    const outputs = equation.outputs.map(define).join(" ");
    return `${inner}${outputs} = ${equation.primitive.name}` +
      formatParams(equation, inner) + (operands && ` ${operands}`);
  });
  const outputs = jaxpr.outputs.map(atom);
  const tuple = outputs.length === 1
    ? `(${outputs[0]},)`
    : `(${outputs.join(", ")})`;
  if (lines.length === 0) return `{ lambda ; ${inputs}. let  in ${tuple} }`;
  return `{ lambda ; ${inputs}. let\n${
    lines.join("\n")
  }\n${indent}  in ${tuple} }`;
}

function formatNumber(value: number, { aval }: Atom): string {
  if (aval.dtype === "bool") return value ? "True" : "False";
  const isFloat = aval.dtype.includes("float");
  return isFloat && Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** a, b, ..., z, ba, bb, ... as JAX names variables. */
function letters(n: number): string {
  const last = String.fromCharCode(97 + n % 26);
  return n < 26 ? last : letters(Math.floor(n / 26)) + last;
}

function formatParams({ params }: Equation, indent: string): string {
  const entries = Object.entries(params as Record<string, unknown>)
    .filter(([, value]) => value !== undefined && typeof value !== "function");
  if (entries.length === 0) return "";
  const printed = entries.map(([key, value]) =>
    `${key}=${formatParam(value, indent)}`
  );
  const isLong = printed.some((line) => line.includes("\n"));
  return isLong
    ? `[\n${printed.map((line) => `${indent}  ${line}\n`).join("")}${indent}]`
    : `[${printed.join(" ")}]`;
}

function formatParam(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    return `(${value.map((v) => formatParam(v, indent)).join(", ")})`;
  }
  if (value === null) return "None";
  if (typeof value !== "object") return String(value);
  if ("equations" in value) return formatJaxpr(value as Jaxpr, indent + "  ");
  const fields = Object.entries(value).map(([k, v]) =>
    `${k}=${formatParam(v, indent)}`
  );
  return `{${fields.join(", ")}}`;
}
