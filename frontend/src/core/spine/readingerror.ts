/** Reading errors of the Cobb angle (Morrissy 1990, 95 % limits). The twin of `annotation/spine/reading_error.py`. */

export type Readers = 'same' | 'different';
export type LevelChoice = 'own' | 'fixed';

export interface Change {
  /** Positive when the curve has become larger towards its earlier side. */
  readonly changeDeg: number;
  readonly errorDeg: number;
  /** False reads "no measurable change". */
  readonly measurable: boolean;
}

const ROUNDING_DEG = 1e-9;
const LIMITS_DEG: Record<Readers, Record<LevelChoice, number>> = {
  same: { own: 4.9, fixed: 3.8 },
  different: { own: 7.2, fixed: 6.3 },
};

/** The 95 % limit of the difference between two readings, in degrees: by whom, on own or fixed end vertebrae. */
export function readingErrorDeg(readers: Readers = 'same', levels: LevelChoice = 'own'): number {
  return LIMITS_DEG[readers][levels];
}

/** The change from an earlier to a later signed Cobb angle of the same curve, held against that error. */
export function measurableChange(
  earlierDeg: number,
  laterDeg: number,
  readers: Readers = 'same',
  levels: LevelChoice = 'own',
): Change {
  if (!Number.isFinite(earlierDeg) || !Number.isFinite(laterDeg)) {
    throw new RangeError(`both angles must be finite numbers, not ${earlierDeg} and ${laterDeg}`);
  }
  const errorDeg = readingErrorDeg(readers, levels);
  const towards = (earlierDeg || laterDeg) >= 0 ? 1 : -1;
  const changeDeg = towards * (laterDeg - earlierDeg);
  return { changeDeg, errorDeg, measurable: Math.abs(changeDeg) > errorDeg - ROUNDING_DEG };
}
