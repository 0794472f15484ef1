/** Extents of windows that move over an axis. */

import { gcd } from "../gcd.ts";

/** How a window moves over one axis. */
export type AxisWindow = {
  /** Elements of the window. */
  readonly size: number;
  readonly stride: number;
  /** Elements added before and after; negative ones are removed. */
  readonly padding: readonly [lo: number, hi: number];
  /** Distance between elements of the array, and of the window. */
  readonly baseDilation: number;
  readonly windowDilation: number;
};

/** Extent of an axis with holes between its elements. */
export function dilatedExtent(extent: number, dilation: number): number {
  return extent === 0 ? 0 : 1 + (extent - 1) * dilation;
}

/** How many places a window has on an axis. */
export function windowCount(extent: number, window: AxisWindow): number {
  const [lo, hi] = window.padding;
  const whole = lo + dilatedExtent(extent, window.baseDilation) + hi;
  const span = dilatedExtent(window.size, window.windowDilation);
  return Math.max(0, Math.floor((whole - span) / window.stride) + 1);
}

/** The window over an axis of `count` places that gives cotangents of its `extent` elements. */
export function transposedWindow(
  window: AxisWindow,
  extent: number,
  count: number,
): AxisWindow {
  const { stride, baseDilation } = window;
  const span = dilatedExtent(window.size, window.windowDilation);
  const before = span - window.padding[0] - 1;
  const after = dilatedExtent(extent, baseDilation) + window.padding[0] -
    dilatedExtent(count, stride);
  return {
    ...window,
    stride: baseDilation,
    padding: [before, after],
    baseDilation: stride,
  };
}

/**
 * The places of a window, one of several classes: those whose elements meet
 * the same holes of a dilated axis. Within a class everything is affine.
 */
export interface WindowClass {
  /** Places `first + i * step`, of which there are `count`. */
  readonly places: Progression;
  /** The elements of the window that do not meet holes. */
  readonly taps: Progression;
  /** Where in the axis tap `j` of place `i` lies: `start + i * perPlace + j * perTap`. */
  readonly start: number;
  readonly perPlace: number;
  readonly perTap: number;
}

interface Progression {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** The classes of all `count` places of a window: one where the axis has no holes. */
export function windowClasses(
  count: number,
  { size, stride, padding: [lo], baseDilation, windowDilation }: AxisWindow,
): readonly WindowClass[] {
  const step = baseDilation / gcd(baseDilation, stride);
  const tapStep = baseDilation / gcd(baseDilation, windowDilation);
  return Array.from({ length: step }, (_, first): WindowClass => {
    const offset = (tap: number) => first * stride + tap * windowDilation - lo;
    let tap = 0;
    while (tap < tapStep && offset(tap) % baseDilation !== 0) tap++;
    const taps = tap === tapStep ? 0 : progressionLength(size - tap, tapStep);
    return {
      places: { first, step, count: progressionLength(count - first, step) },
      taps: { first: tap, step: tapStep, count: taps },
      start: offset(tap) / baseDilation,
      perPlace: step * stride / baseDilation,
      perTap: tapStep * windowDilation / baseDilation,
    };
  });
}

function progressionLength(extent: number, step: number): number {
  return Math.max(0, Math.ceil(extent / step));
}
