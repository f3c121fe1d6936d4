/** Coronal balance and T1 tilt. The twin of part of `annotation/spine/posture.py`. */

import type { View } from './cobb';
import { type Corners, isXy, tiltDeg, type Xy } from './geometry';

/** Coronal balance within this of the CSVL is neutral. */
export const NEUTRAL_BALANCE_MM = 20;

export interface Balance {
  /** From the CSVL to the C7 plumb line; positive when C7 lies to the patient's right. */
  readonly value: number;
  /** px where no calibration is known: not to be held against the neutral 20 mm. */
  readonly unit: 'mm' | 'px';
}

/** Both verticals are the image's: through C7, and through the sacral point as placed (the CSVL). */
export function coronalBalance(
  c7: Xy,
  sacrum: Xy,
  mmPerPx: number | null,
  { patientRightAtImageRight = true }: View = {},
): Balance {
  if (!isXy(c7) || !isXy(sacrum)) throw new RangeError('place C7 and the sacrum first');
  if (mmPerPx !== null && !(Number.isFinite(mmPerPx) && mmPerPx > 0)) {
    throw new RangeError(`mmPerPx must be a positive number, not ${mmPerPx}`);
  }
  const offsetPx = (c7[0] - sacrum[0]) * (patientRightAtImageRight ? 1 : -1);
  return mmPerPx === null ? { value: offsetPx, unit: 'px' } : { value: offsetPx * mmPerPx, unit: 'mm' };
}

/** Tilt of T1's superior endplate against the horizontal; positive when the patient's left is higher. */
export function t1TiltDeg([tl, tr]: Corners, { patientRightAtImageRight = true }: View = {}): number {
  if (!isXy(tl) || !isXy(tr)) throw new RangeError('place the superior corners of T1 first');
  if (tl[0] === tr[0] && tl[1] === tr[1]) throw new RangeError('the superior corners of T1 coincide');
  return tiltDeg(tl, tr) * (patientRightAtImageRight ? 1 : -1);
}
