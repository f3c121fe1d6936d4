/** Figures of a reader study as they are written. */
import type { Estimate } from '@/api/readerstudies';
import { duration, NONE } from '@/lib/format';

/** `0.89 (0.81–0.94)`; without limits where they are not known. */
export function estimate(found: Estimate | null, digits = 2, unit = ''): string {
  if (found === null) return NONE;
  const write = (value: number): string => `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(digits)}${unit}`;
  if (found.lower === null || found.upper === null) return write(found.value);
  return `${write(found.value)} (${write(found.lower)} to ${write(found.upper)})`;
}

/** A share in per cent: `83 % (36 to 99 %)`. */
export function percent(found: Estimate | null): string {
  if (found === null) return NONE;
  const write = (share: number): string => (share * 100).toFixed(0);
  if (found.lower === null || found.upper === null) return `${write(found.value)} %`;
  return `${write(found.value)} % (${write(found.lower)} to ${write(found.upper)})`;
}

export function taken(seconds: number | null): string {
  return seconds === null ? NONE : duration(seconds);
}
