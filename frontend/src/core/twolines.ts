/**
 * Two free lines along two endplates, drawn by dragging or by clicking both ends; an immutable value.
 * Spots are stored pixels of the film.
 */
import type { Line, Xy } from './spine/geometry';
import { cobbBetween, type View } from './spine/cobb';
import type { Spot } from './viewport';

export interface TwoLines {
  /** At most four: start and end of the first line, start and end of the second. */
  readonly ends: readonly Spot[];
  /** The last end still follows the pointer. */
  readonly isDrawing: boolean;
}

export const NO_LINES: TwoLines = { ends: [], isDrawing: false };

/** Begins a line, or sets the end of one that was begun by a click. */
export function pressed(lines: TwoLines, spot: Spot): TwoLines {
  if (lines.isDrawing) return moved(lines, lines.ends.length - 1, spot);
  if (lines.ends.length >= 4) return lines;
  return { ends: [...lines.ends, spot, spot], isDrawing: true };
}

export function dragged(lines: TwoLines, spot: Spot): TwoLines {
  return lines.isDrawing ? moved(lines, lines.ends.length - 1, spot) : lines;
}

/** A line shorter than `least_px` is a click: its end waits for the next press. */
export function released(lines: TwoLines, least_px: number): TwoLines {
  const [from, to] = lines.ends.slice(-2);
  if (!lines.isDrawing || !from || !to) return lines;
  const isClick = Math.hypot(to.x - from.x, to.y - from.y) < least_px;
  return { ...lines, isDrawing: isClick };
}

export function moved(lines: TwoLines, index: number, spot: Spot): TwoLines {
  return { ...lines, ends: lines.ends.map((end, i) => (i === index ? spot : end)) };
}

/** The finished lines, the one that lies higher in the image first. */
export function linesOf(lines: TwoLines): readonly Line[] {
  const pairs = [lines.ends.slice(0, 2), lines.ends.slice(2, 4)];
  const whole = pairs.flatMap(([a, b], i) => {
    const isOpen = lines.isDrawing && i * 2 + 2 === lines.ends.length;
    return a && b && !isOpen ? [[xy(a), xy(b)] as const] : [];
  });
  return whole.sort((a, b) => height(a) - height(b));
}

/** The signed angle between the two lines, in degrees; null until both are drawn and long enough to have a tilt. */
export function angleOf(lines: TwoLines, view: View): number | null {
  const [upper, lower] = linesOf(lines);
  if (!upper || !lower || isPoint(upper) || isPoint(lower)) return null;
  return cobbBetween(upper, lower, view);
}

/** How much a line leans from the level, 0 to 90 degrees, and which of its ends in the image is higher. */
export function leanOf([a, b]: Line): { deg: number; higher: 'left' | 'right' | null } {
  const [left, right] = a[0] <= b[0] ? [a, b] : [b, a];
  const deg = Math.abs((Math.atan2(right[1] - left[1], right[0] - left[0]) * 180) / Math.PI);
  return { deg, higher: left[1] === right[1] ? null : left[1] < right[1] ? 'left' : 'right' };
}

function isPoint([a, b]: Line): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function height([a, b]: Line): number {
  return a[1] + b[1];
}

function xy({ x, y }: Spot): Xy {
  return [x, y];
}
