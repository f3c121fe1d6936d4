/** The three angles of the AASCE 2019 challenge. The twin of `annotation/spine/aasce.py`, which states the rule. */

import { at, checkCorners, type Corners, cross, degrees, dot, middle, step, type Xy } from './geometry';

const VERTEBRAE = 17;

/** Degrees, of 17 vertebrae T1-L5 (TL TR BL BR) in an image of the given height; only to compare with the challenge. */
export function aasceAngles(
  values: readonly Corners[],
  imageHeightPx: number,
): [major: number, second: number, third: number] {
  const corners = checkCorners(values);
  if (corners.length !== VERTEBRAE) {
    throw new RangeError(`the challenge's rule needs 17 vertebrae, not ${corners.length}`);
  }
  if (!(imageHeightPx > 0)) throw new RangeError(`imageHeightPx must be positive, not ${imageHeightPx}`);
  const angles = anglesBetweenMidplanes(corners);
  const largest = Math.max(...angles.flat());
  const i = angles.findIndex((row) => row.includes(largest));
  const j = at(angles, i).indexOf(largest);
  const upper = at(angles, i).slice(0, i + 1);
  const midpoints = corners.flatMap(([tl, tr, bl, br]) => [middle(tl, tr), middle(bl, br)]);
  if (isCShaped(midpoints)) {
    return [largest, at(at(angles, 0), i), at(at(angles, VERTEBRAE - 1), j)];
  }
  const second = Math.max(...upper);
  if (at(midpoints, 2 * i + 1)[1] + at(midpoints, 2 * j + 1)[1] < imageHeightPx) {
    return [largest, second, Math.max(...at(angles, j).slice(j))];
  }
  const k = upper.indexOf(second);
  return [largest, second, Math.max(...at(angles, k).slice(0, k + 1))];
}

function anglesBetweenMidplanes(corners: readonly Corners[]): number[][] {
  const across = corners.map(([tl, tr, bl, br], row) => {
    const vector = step(middle(tl, bl), middle(tr, br));
    if (vector[0] === 0 && vector[1] === 0) {
      throw new RangeError(`vertebra ${row + 1}: its left and right midpoints coincide`);
    }
    return vector;
  });
  return across.map((a) => across.map((b) => degrees(Math.atan2(Math.abs(cross(a, b)), dot(a, b)))));
}

/** All endplate midpoints, but the superior one of L5, on one side of the chord from first to last. */
function isCShaped(midpoints: readonly Xy[]): boolean {
  const first = at(midpoints, 0);
  const chord = step(first, at(midpoints, midpoints.length - 1));
  if (chord[0] === 0 || chord[1] === 0) return false;
  const sides = midpoints.slice(1, -2).map((point) => cross(step(first, point), chord));
  return sides.every((side) => side >= 0) || sides.every((side) => side <= 0);
}
