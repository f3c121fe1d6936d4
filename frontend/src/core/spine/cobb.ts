/**
 * The Cobb angle: curves found on labelled vertebrae, on chosen levels, and between two free lines.
 *
 * The twin of `annotation/spine/cobb.py`, which says why each rule is as it is; both are held to
 * `tests/golden/cobb.json`. Signed angles are positive when the curve is convex to the patient's right;
 * whether image right is the patient's right is the caller's knowledge.
 */

import {
  at,
  checkCorners,
  type Corners,
  cross,
  degrees,
  dot,
  isXy,
  type Line,
  middle,
  step,
  tiltDeg,
} from './geometry';
import { checkLevels, discName, heightRank, type Level, parseLevel } from './levels';

/** Below this there is no curve (Scoliosis Research Society). */
export const LEAST_CURVE_DEG = 10;
/** Tilts closer than this are the same: no reader tells them apart, and rounding must not. */
const TIE_DEG = 1e-4;
const ROUNDING_DEG = 1e-7;
/** An apex within a quarter of a level of a vertebra's centre is that vertebra, else the disc beside it. */
const BODY_REACH = 0.25 + 1e-6;

export type Side = 'left' | 'right';
export type Region = 'PT' | 'MT' | 'TL/L';

export interface Curve {
  /** Positive when convex to the patient's right; its size is the clinical angle. */
  readonly angleDeg: number;
  readonly upperLevel: Level;
  readonly lowerLevel: Level;
  /** A vertebra ("T8") or a disc ("T8/T9"). */
  readonly apexLevel: string;
  /** The patient's side the curve is convex to. */
  readonly side: Side;
  readonly region: Region;
  /** Superior endplate of the upper end vertebra, image-left corner first. */
  readonly upperLine: Line;
  /** Inferior endplate of the lower end vertebra, image-left corner first. */
  readonly lowerLine: Line;
}

export interface View {
  /** True for a film as seen from behind; default. */
  readonly patientRightAtImageRight?: boolean;
}

interface Column {
  readonly corners: readonly Corners[];
  readonly levels: readonly Level[];
  readonly tilts: readonly Tilts[];
  readonly patientRightAtImageRight: boolean;
}

export type Tilts = readonly [superiorDeg: number, inferiorDeg: number];

/** Every curve of at least `leastDeg`, from above downward; consecutive curves alternate in side. */
export function findCurves(
  corners: readonly Corners[],
  levels: readonly string[],
  { leastDeg = LEAST_CURVE_DEG, ...view }: View & { readonly leastDeg?: number } = {},
): Curve[] {
  if (!(leastDeg > 0)) throw new RangeError(`leastDeg must be positive, not ${leastDeg}`);
  const column = checkedColumn(corners, levels, view);
  return endVertebrae(column.tilts, leastDeg).map(([upper, lower]) => curveOf(column, upper, lower));
}

/** The curve between given end vertebrae, however small: a follow-up re-uses the earlier ones. */
export function curveBetween(
  corners: readonly Corners[],
  levels: readonly string[],
  upperLevel: string,
  lowerLevel: string,
  view: View = {},
): Curve {
  const column = checkedColumn(corners, levels, view);
  const [upper, lower] = [upperLevel, lowerLevel].map((level) => {
    const row = column.levels.indexOf(parseLevel(level));
    if (row < 0) throw new RangeError(`${level} is not among the levels ${column.levels.join(', ')}`);
    return row;
  }) as [number, number];
  if (upper >= lower) {
    throw new RangeError(`the upper end vertebra ${upperLevel} must lie above the lower one ${lowerLevel}`);
  }
  return curveOf(column, upper, lower);
}

/**
 * Signed Cobb angle between two lines drawn freely along two endplates, in either direction: each is read
 * from its image-left end, so its tilt lies between -90 and 90 and the angle may exceed 90.
 */
export function cobbBetween(upperLine: Line, lowerLine: Line, view: View = {}): number {
  const turn = freeTiltDeg(lowerLine, 'the lower line') - freeTiltDeg(upperLine, 'the upper line');
  return signed(turn, view.patientRightAtImageRight ?? true);
}

/** Tilts of each vertebra's endplates, positive when the image-right corner lies lower; continuous downward. */
export function endplateTiltsDeg(corners: readonly Corners[]): Tilts[] {
  let previous: number | undefined;
  const tilt = ([left, right]: Line, row: number, plate: string): number => {
    if (left[0] === right[0] && left[1] === right[1]) {
      throw new RangeError(`vertebra ${row + 1}: the two corners of its ${plate} endplate coincide`);
    }
    const bare = tiltDeg(left, right);
    previous = previous === undefined ? bare : bare + 360 * Math.round((previous - bare) / 360);
    return previous;
  };
  return checkCorners(corners).map(([tl, tr, bl, br], row) => [
    tilt([tl, tr], row, 'superior'),
    tilt([bl, br], row, 'inferior'),
  ]);
}

/** Apex above T6: PT; T6 to the T11/T12 disc: MT; T12 and below: TL/L (Lenke 2001). */
export function regionOf(apexLevel: string): Region {
  const rank = heightRank(apexLevel);
  if (rank < heightRank('T6')) return 'PT';
  return rank < heightRank('T12') ? 'MT' : 'TL/L';
}

function checkedColumn(
  values: readonly Corners[],
  names: readonly string[],
  { patientRightAtImageRight = true }: View,
): Column {
  const levels = checkLevels(names);
  const corners = checkCorners(values);
  if (corners.length !== levels.length) {
    throw new RangeError(`${corners.length} vertebrae but ${levels.length} levels`);
  }
  if (corners.length < 2) throw new RangeError('a curve needs at least two vertebrae');
  const tilts = endplateTiltsDeg(corners);
  checkCornerOrder(corners, levels);
  return { corners, levels, tilts, patientRightAtImageRight };
}

/** One vertebra with swapped corners would read as a curve of 160 degrees: name it instead. */
function checkCornerOrder(corners: readonly Corners[], levels: readonly Level[]): void {
  const turns = corners.map(([tl, tr, bl, br]) =>
    Math.sign(cross(step(middle(tl, bl), middle(tr, br)), step(middle(tl, tr), middle(bl, br)))),
  );
  const usual = turns.reduce((sum, turn) => sum + turn, 0) >= 0 ? 1 : -1;
  const swapped = levels.filter((_, row) => {
    const [tl, tr, bl, br] = at(corners, row);
    return at(turns, row) * usual <= 0 || dot(step(tl, tr), step(bl, br)) < 0;
  });
  if (swapped.length > 0) {
    throw new RangeError(
      `${swapped.join(', ')}: corners are not in the order TL TR BL BR of the others; swap them back`,
    );
  }
}

interface Chain {
  readonly totalDeg: number;
  readonly ends: readonly (readonly [upper: number, lower: number])[];
}

const NOTHING: Chain = { totalDeg: 0, ends: [] };

/** The first unless the second is larger by more than rounding can make it. */
function larger(a: Chain, b: Chain): Chain {
  return b.totalDeg > a.totalDeg + ROUNDING_DEG ? b : a;
}

/**
 * Rows of the end vertebrae: of all chains of curves that alternate, do not overlap and reach `leastDeg` each,
 * the one with the greatest sum of angles; of equal ones the shorter, so that ends lie nearest to the apex.
 */
function endVertebrae(tilts: readonly Tilts[], leastDeg: number): Chain['ends'] {
  // Per row, the best chain whose last curve turns clockwise (or counter-clockwise) and ends there or above.
  const clockwise = [NOTHING];
  const counter = [NOTHING];
  for (let lower = 1; lower < tilts.length; lower += 1) {
    for (const [direction, best, others] of [
      [1, clockwise, counter],
      [-1, counter, clockwise],
    ] as const) {
      let chain = at(best, lower - 1);
      for (let upper = 0; upper < lower; upper += 1) {
        const angle = direction * (at(tilts, lower)[1] - at(tilts, upper)[0]);
        if (angle <= leastDeg - TIE_DEG) continue;
        const above = at(others, upper);
        const totalDeg = above.totalDeg + angle - TIE_DEG * (lower - upper);
        chain = larger(chain, { totalDeg, ends: [...above.ends, [upper, lower]] });
      }
      best.push(chain);
    }
  }
  return larger(at(clockwise, tilts.length - 1), at(counter, tilts.length - 1)).ends;
}

function curveOf(column: Column, upper: number, lower: number): Curve {
  const turnDeg = at(column.tilts, lower)[1] - at(column.tilts, upper)[0];
  const angleDeg = signed(turnDeg, column.patientRightAtImageRight);
  const apexLevel = apexOf(column, upper, lower, turnDeg >= 0 ? 1 : -1);
  const [upperLeft, upperRight] = at(column.corners, upper);
  const [, , lowerLeft, lowerRight] = at(column.corners, lower);
  return {
    angleDeg,
    upperLevel: at(column.levels, upper),
    lowerLevel: at(column.levels, lower),
    apexLevel,
    side: angleDeg >= 0 ? 'right' : 'left',
    region: regionOf(apexLevel),
    upperLine: [upperLeft, upperRight],
    lowerLine: [lowerLeft, lowerRight],
  };
}

/** The vertebra or disc at the top of the parabola through the centre furthest from the column's axis. */
function apexOf({ corners, levels }: Column, upper: number, lower: number, bulge: number): string {
  const centres = corners.map((vertebra) => middle(...vertebra));
  const axis = step(at(centres, 0), at(centres, centres.length - 1));
  if (axis[0] === 0 && axis[1] === 0) {
    throw new RangeError('the first and the last vertebra lie at the same place');
  }
  const deviations = centres.map((centre) => (bulge * cross(centre, axis)) / dot(axis, axis));
  const disc = (above: number): string => discName(at(levels, above), at(levels, above + 1));
  const within = deviations.slice(upper, lower + 1);
  const row = upper + within.indexOf(Math.max(...within));
  if (row === upper) return disc(row);
  if (row === lower) return disc(row - 1);
  const [before, here, after] = deviations.slice(row - 1, row + 2) as [number, number, number];
  const bend = 2 * here - before - after;
  const offset = bend > 0 ? (after - before) / (2 * bend) : 0;
  if (Math.abs(offset) <= BODY_REACH) return at(levels, row);
  return disc(offset > 0 ? row : row - 1);
}

function freeTiltDeg([a, b]: Line, name: string): number {
  if (!isXy(a) || !isXy(b)) throw new RangeError(`${name} needs two ends, each two finite numbers`);
  if (a[0] === b[0]) {
    throw new RangeError(
      `${name} is ${a[1] === b[1] ? 'a point' : 'vertical'}: draw it along the endplate, from side to side`,
    );
  }
  const [dx, dy] = a[0] < b[0] ? step(a, b) : step(b, a);
  return degrees(Math.atan2(dy, dx));
}

/** A clockwise turn of the endplates on the way down bulges to image right. */
function signed(turnDeg: number, patientRightAtImageRight: boolean): number {
  return patientRightAtImageRight ? turnDeg : -turnDeg;
}
