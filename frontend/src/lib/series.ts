/** Arithmetic of the small charts: scales, ticks, paths. Pixels are those of the drawing, x right, y down. */
export interface Sample {
  /** Horizontal position: a time in ms, or an epoch. */
  x: number;
  y: number;
  /** Half the height of the band around y. */
  error?: number;
}

export type Scale = (value: number) => number;

export function linear(from: readonly [number, number], to: readonly [number, number]): Scale {
  const span = from[1] - from[0];
  return (value) => (span === 0 ? (to[0] + to[1]) / 2 : to[0] + ((value - from[0]) / span) * (to[1] - to[0]));
}

/** Round steps from 0 to at least `top`, about `wanted` of them. */
export function ticks(top: number, wanted = 4): number[] {
  const rough = Math.max(top, 1e-9) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const steps = Math.ceil(top / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** The levels 1, 2, 5 of each power of ten from just below `low` to just above `high`; both positive. */
export function decades(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.floor(Math.log10(high)) + 1;
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap((power) =>
    [1, 2, 5].map((factor) => Number((factor * 10 ** power).toPrecision(6))),
  );
  const from = all.findLastIndex((level) => level <= low);
  const to = all.findIndex((level) => level > high);
  return all.slice(Math.max(0, from), to + 1);
}

export function linePath(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** The closed outline of y ± error; a single sample gets a band of `least` pixels to either side. */
export function bandPath(samples: readonly Sample[], x: Scale, y: Scale, least = 8): string {
  if (samples.length === 0) return '';
  const widened =
    samples.length > 1
      ? samples.map((sample) => ({ ...sample, px: x(sample.x) }))
      : samples.flatMap((sample) => [-least, least].map((by) => ({ ...sample, px: x(sample.x) + by })));
  const upper = widened.map((sample) => [sample.px, y(sample.y + (sample.error ?? 0))] as const);
  const lower = widened.map((sample) => [sample.px, y(Math.max(0, sample.y - (sample.error ?? 0)))] as const);
  return `${linePath([...upper, ...lower.reverse()])}Z`;
}
