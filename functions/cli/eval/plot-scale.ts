/** Places on an axis that a person reads at a glance. */
export interface Scale {
  /** From 0 at the axis's start to 1 at its end; what lies beyond is put on the edge. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** At most 5 steps of 2, 5, 10 or 20 from 0 on; ends at 100, so that one bad clip does not press all others flat. */
export function percentScale(values: readonly number[]): Scale {
  const most = Math.min(100, Math.max(10, ...values));
  const step = [2, 5, 10, 20].find((size) => size * 5 >= most) ?? 20;
  const steps = Math.ceil(most / step);
  const ticks = Array.from({ length: steps + 1 }, (_, index) => index * step);
  return { ticks, place: (value) => Math.min(1, Math.max(0, value / (steps * step))) };
}

const LEAST = 1e-3;
const MOST = 1e6;

/** Logarithmic, in steps of 1, 2, 5, 10 and so on; of powers of ten alone where there would be more than 10. */
export function logScale(values: readonly number[]): Scale {
  const inside = values.map((value) => Math.min(MOST, Math.max(LEAST, value)));
  const lowest = Math.min(...inside, MOST);
  const highest = Math.max(...inside, LEAST);
  const decades = Array.from({ length: 10 }, (_, index) => index - 3);
  const all = decades.flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
  const first = values.length === 0 ? all.indexOf(1) : all.findLastIndex((tick) => tick <= lowest * 1.001);
  const last = values.length === 0 ? all.indexOf(100) : all.findIndex((tick) => tick >= highest * 0.999);
  // Two ticks alone would look like one stretch of even speed
  const more = last - first < 2 ? 1 : 0;
  const between = all.slice(Math.max(0, first - more), last + more + 1);
  const powers = decades.map((power) => 10 ** power);
  const spanned = powers.filter((tick) => tick * 10 > between[0]! && tick / 10 < between.at(-1)!);
  const ticks = between.length <= 10 ? between : spanned;
  const [start, end] = [Math.log10(ticks[0]!), Math.log10(ticks.at(-1)!)];
  const place = (value: number) =>
    Math.min(1, Math.max(0, (Math.log10(Math.max(value, LEAST)) - start) / (end - start)));
  return { ticks, place };
}
