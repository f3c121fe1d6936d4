/** A measured angle in words: never without its unit, its error, and where it was read. */

export interface ReadAngle {
  readonly angle_deg: number;
  /** Null where how far off it may be is not known. */
  readonly error_deg: number | null;
  readonly upper_level: string;
  readonly lower_level: string;
  /** '' where the method does not tell. */
  readonly side: string;
  readonly region: string;
}

/** `MT 32.4° ± 4.9 (T6–T12, right)`. */
export function curveText({
  angle_deg,
  error_deg,
  upper_level,
  lower_level,
  side,
  region,
}: ReadAngle): string {
  const levels = [upper_level, lower_level].filter((level) => level !== '').join('–');
  const where = [levels, side].filter((part) => part !== '').join(', ');
  const error = error_deg === null ? '' : ` ± ${error_deg.toFixed(1)}`;
  const angle = `${angle_deg.toFixed(1)}°${error}`;
  return [region, angle, where === '' ? '' : `(${where})`].filter((part) => part !== '').join(' ');
}
