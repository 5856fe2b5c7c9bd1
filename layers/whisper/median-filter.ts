/** Neighbours on each side: a width of 7 positions (openai/whisper, timing.py). */
const HALF_WIDTH = 3;

/**
 * Median of each value and its three neighbours on both sides, mirrored at the ends; fewer than four values stay as they
 * are. Values lie within ±2^30, so that their differences are whole numbers of 32 bits.
 */
export function medianFilter(values: Int32Array, out: Int32Array): void {
  const length = values.length;
  if (length <= HALF_WIDTH) {
    out.set(values);
    return;
  }
  const last = length - 1;
  const mirrored = (i: number) => values[i < 0 ? -i : i > last ? 2 * last - i : i]!;
  for (let i = 0; i < length; i += 2) {
    // The windows of two neighbours share six values; whatever the seventh is, the median lies between the third and the
    // fourth of them. So two medians cost little more than one
    const inside = i >= HALF_WIDTH && i + HALF_WIDTH < last;
    const a = inside ? values[i - 2]! : mirrored(i - 2);
    const b = inside ? values[i - 1]! : mirrored(i - 1);
    const c = values[i]!;
    const d = inside ? values[i + 1]! : mirrored(i + 1);
    const e = inside ? values[i + 2]! : mirrored(i + 2);
    const f = inside ? values[i + 3]! : mirrored(i + 3);
    const low = min(a, b);
    const high = max(a, b);
    const rest = max(low, c);
    const x0 = min(low, c);
    const x1 = min(high, rest);
    const x2 = max(high, rest);
    const low2 = min(d, e);
    const high2 = max(d, e);
    const rest2 = max(low2, f);
    const y0 = min(low2, f);
    const y1 = min(high2, rest2);
    const y2 = max(high2, rest2);
    // Third and fourth of two sorted threes
    const third = min(min(x2, max(x1, y0)), min(max(x0, y1), y2));
    const fourth = max(max(x0, min(x1, y2)), max(min(x2, y1), y0));
    out[i] = clamp(inside ? values[i - 3]! : mirrored(i - 3), third, fourth);
    if (i < last) out[i + 1] = clamp(inside ? values[i + 4]! : mirrored(i + 4), third, fourth);
  }
}

const clamp = (value: number, low: number, high: number) => max(low, min(value, high));

// Without branches, which the processor would guess wrong every second time. The sign of the difference is a mask
function min(a: number, b: number): number {
  const difference = (a - b) | 0;
  return (b + (difference & (difference >> 31))) | 0;
}

function max(a: number, b: number): number {
  const difference = (a - b) | 0;
  return (a - (difference & (difference >> 31))) | 0;
}
