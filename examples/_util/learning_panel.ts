/**
 * How learning went: loss and accuracy over the steps.
 *
 * @module
 */

import {
  COLOURS,
  linear,
  type Panel,
  percent,
  point,
  polyline,
  type Range,
  round,
  rule,
  type Scale,
  text,
  ticks,
} from "./svg.ts";

/**
 * The loss of each step, on a logarithmic scale, above the accuracy (0 to 1)
 * after some of the steps.
 */
export function learningPanel(
  { loss, accuracy, width = 520, height = 360 }: {
    readonly loss: ArrayLike<number>;
    readonly accuracy: readonly {
      readonly step: number;
      readonly value: number;
    }[];
    readonly width?: number;
    readonly height?: number;
  },
): Panel {
  const left = 44;
  const lossHeight = Math.round(height * .56);
  const steps: Range = [
    0,
    Math.max(1, loss.length, ...accuracy.map((a) => a.step)),
  ];
  const x = linear(steps, [left, width - 8]);
  const buckets = inBuckets(loss, 240);
  const last = accuracy.at(-1);
  return {
    title: "Loss and accuracy",
    note: last && `${percent(last.value)} after ${last.step} steps`,
    width,
    height,
    body: lossChart(buckets, { x, left, width, bottom: lossHeight }) +
      accuracyChart(accuracy, {
        x,
        left,
        width,
        top: lossHeight + 44,
        bottom: height - 30,
      }) +
      ticks(steps, 6).map((step) =>
        text([x(step), height - 12], String(step), {
          fill: COLOURS.muted,
          anchor: "middle",
          size: 11,
        })
      ).join("") +
      text([width - 8, height + 4], "step", {
        fill: COLOURS.muted,
        anchor: "end",
        size: 11,
      }),
  };
}

type Bucket = {
  readonly step: number;
  readonly low: number;
  readonly mean: number;
  readonly high: number;
};

function lossChart(
  buckets: readonly Bucket[],
  { x, left, width, bottom }: {
    x: Scale;
    left: number;
    width: number;
    bottom: number;
  },
): string {
  if (buckets.length === 0) return "";
  const lows = buckets.map(({ low }) => low).filter((low) => low > 0);
  const least = Math.max(1e-6, Math.min(...lows, 1));
  const most = Math.max(...buckets.map(({ high }) => high), 2 * least);
  const log: Range = [Math.log10(least), Math.log10(most)];
  const scale = linear(log, [bottom, 18]);
  const y = (value: number) => scale(Math.log10(Math.max(value, least)));
  const upper = buckets.map(({ step, high }) => point(x(step), y(high)));
  const lower = buckets.map(({ step, low }) => point(x(step), y(low)));
  const mean = buckets.map(({ step, mean }) => point(x(step), y(mean)));
  return logTicks(least, most).map((value) =>
    rule([left, y(value)], width, `${value}`)
  ).join("") +
    text([left, 8], "loss, each step and average", {
      fill: COLOURS.muted,
      size: 11,
    }) +
    `<polygon points="${upper.join(" ")} ${lower.reverse().join(" ")}" ` +
    `fill="${COLOURS.blue}" fill-opacity=".15"/>` +
    polyline(mean, COLOURS.blue);
}

function accuracyChart(
  accuracy: readonly { readonly step: number; readonly value: number }[],
  { x, left, width, top, bottom }: {
    x: Scale;
    left: number;
    width: number;
    top: number;
    bottom: number;
  },
): string {
  const least = Math.min(.9, ...accuracy.map(({ value }) => value));
  const range: Range = [Math.floor(least * 10) / 10, 1];
  const y = linear(range, [bottom, top]);
  const places = accuracy.map(({ step, value }) =>
    [x(step), y(value)] as const
  );
  return ticks(range, 3).map((value) =>
    rule([left, y(value)], width, percent(value, 0))
  ).join("") +
    text([left, top - 12], "accuracy on held-out images", {
      fill: COLOURS.muted,
      size: 11,
    }) +
    polyline(places.map(([x, y]) => point(x, y)), COLOURS.green) +
    places.map(([x, y]) =>
      `<circle cx="${round(x)}" cy="${
        round(y)
      }" r="3.5" fill="${COLOURS.green}" ` +
      `stroke="#fff" stroke-width="1.5"/>`
    ).join("");
}

/** Least, average and greatest value of each of at most `count` runs of steps. */
function inBuckets(values: ArrayLike<number>, count: number): Bucket[] {
  const size = Math.max(1, Math.ceil(values.length / count));
  const out: Bucket[] = [];
  for (let i = 0; i < values.length; i += size) {
    const end = Math.min(i + size, values.length);
    let [low, high, sum] = [Infinity, -Infinity, 0];
    for (let k = i; k < end; k++) {
      const value = values[k]!;
      [low, high, sum] = [
        Math.min(low, value),
        Math.max(high, value),
        sum + value,
      ];
    }
    // A loss that is not a number leaves a hole in the curve.
    if (Number.isFinite(sum)) {
      out.push({ step: (i + end) / 2, low, high, mean: sum / (end - i) });
    }
  }
  return out;
}

/** Round numbers for a logarithmic scale: few of them, whatever the range. */
function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const factors = decades < 1
    ? [1, 1.5, 2, 3, 5, 7]
    : decades < 3
    ? [1, 3]
    : [1];
  const out: number[] = [];
  const last = Math.floor(Math.log10(high));
  for (let power = Math.floor(Math.log10(low)); power <= last; power++) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(3));
      if (value >= low && value <= high) out.push(value);
    }
  }
  return out;
}
