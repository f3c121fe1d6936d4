/** Points and lines of the plane, in pixels: x right, y down. The twin of part of `annotation/spine/geometry.py`. */

export type Xy = readonly [x: number, y: number];
export type Line = readonly [Xy, Xy];
/** One vertebra: TL TR BL BR; left and right are the stored image's. */
export type Corners = readonly [Xy, Xy, Xy, Xy];

export function isXy(value: unknown): value is Xy {
  return Array.isArray(value) && value.length === 2 && value.every((each) => Number.isFinite(each));
}

/** Throws, naming the row at fault, unless `values` are vertebrae of four placed corners. */
export function checkCorners(values: readonly unknown[]): readonly Corners[] {
  values.forEach((vertebra, row) => {
    if (!Array.isArray(vertebra) || vertebra.length !== 4) {
      throw new RangeError(`vertebra ${row + 1} must have four corners, TL TR BL BR`);
    }
    if (!vertebra.every(isXy)) {
      throw new RangeError(`vertebra ${row + 1}: every corner must be two finite numbers: place it first`);
    }
  });
  return values as readonly Corners[];
}

export function middle(...points: readonly Xy[]): Xy {
  const sum = points.reduce<[number, number]>(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

export function step(from: Xy, to: Xy): Xy {
  return [to[0] - from[0], to[1] - from[1]];
}

export function dot(a: Xy, b: Xy): number {
  return a[0] * b[0] + a[1] * b[1];
}

/** Positive when `b` lies clockwise of `a` on the screen. */
export function cross(a: Xy, b: Xy): number {
  return a[0] * b[1] - a[1] * b[0];
}

export function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

/** Tilt from the first to the second end, in (-180, 180]; positive when the second end lies lower. */
export function tiltDeg(from: Xy, to: Xy): number {
  const [dx, dy] = step(from, to);
  return degrees(Math.atan2(dy, dx));
}

/** The value at an index that the caller knows to be inside. */
export function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no item ${index} among ${values.length}`);
  return value;
}
