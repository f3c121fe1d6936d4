/** How far off a model says that a point may lie: an ellipse on screen, and words. */
import type { PaneFromImage } from './viewport';

/** [xx, xy, yy] in stored pixels squared. */
export type Covariance = readonly number[];

/** Standard deviations along its axes, and the turn of the longer one from x towards y. */
export interface Ellipse {
  readonly long: number;
  readonly short: number;
  readonly turn_deg: number;
}

export const UNTURNED = { ax: 1, ay: 1 } as const;

/** The ellipse of one standard deviation, in pane pixels of `map` (stored pixels where nothing is drawn). */
export function ellipseOf(
  [xx = 0, xy = 0, yy = 0]: Covariance,
  { ax, ay }: Pick<PaneFromImage, 'ax' | 'ay'> = UNTURNED,
): Ellipse {
  const [a, b, c] = [ax * ax * xx, ax * ay * xy, ay * ay * yy];
  const [mean, half] = [(a + c) / 2, Math.hypot((a - c) / 2, b)];
  return {
    long: Math.sqrt(mean + half),
    short: Math.sqrt(Math.max(0, mean - half)),
    turn_deg: (Math.atan2(2 * b, a - c) * 90) / Math.PI,
  };
}

/** The doubt of several points in a word: the longest axis of them, in stored pixels; empty where none has any. */
export function doubtText(covariances: readonly (Covariance | undefined)[]): string {
  const known = covariances.filter((each) => each !== undefined);
  if (known.length === 0) return '';
  const worst_px = Math.max(...known.map((each) => ellipseOf(each).long));
  return `±${worst_px.toFixed(worst_px < 10 ? 1 : 0)} px`;
}
