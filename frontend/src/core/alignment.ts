/**
 * What C7 and the sacrum fix of a film: the part that networks see, and how another picture is laid over it.
 *
 * The part that networks see (seed 000, section 4.3.2): from C7 down to the sacrum, half as wide as high,
 * about the middle between the two; resized to 128 x 256.
 */
import type { Spot } from './viewport';

/** In pixels of the image; it may reach beyond its edges, where there is nothing. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Null where C7 does not lie above the sacrum. */
export function alignmentCrop(c7: Spot, sacrum: Spot): Crop | null {
  const height = sacrum.y - c7.y;
  if (!(height > 0)) return null;
  const width = height / 2;
  return { left: (c7.x + sacrum.x - width) / 2, top: c7.y, width, height };
}

/** `x' = ax + cy + e, y' = bx + dy + f`, as a canvas takes it. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Where a transform carries a spot. */
export function carried([a, b, c, d, e, f]: Affine, { x, y }: Spot): Spot {
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

/** C7 and the sacrum of one picture. */
export type Ends = readonly [c7: Spot, sacrum: Spot];

/**
 * The turn, scale and shift that carry C7 and the sacrum of a picture onto those of a film (the twin of
 * `geometry.spine_alignment`). `mirror_width`: the picture is stored mirrored to the film and this wide.
 * Null where the picture's two points coincide.
 */
export function spineAlignment(picture: Ends, film: Ends, mirror_width: number | null = null): Affine | null {
  const turned = (spot: Spot): Spot =>
    mirror_width === null ? spot : { x: mirror_width - spot.x, y: spot.y };
  const [from, to] = [picture.map(turned), film];
  const [u, v] = [(from[1]?.x ?? 0) - (from[0]?.x ?? 0), (from[1]?.y ?? 0) - (from[0]?.y ?? 0)];
  const [p, q] = [to[1].x - to[0].x, to[1].y - to[0].y];
  const length = u * u + v * v;
  if (length === 0) return null;
  // As complex numbers: the quotient of the two directions turns and scales.
  const [a, b] = [(p * u + q * v) / length, (q * u - p * v) / length];
  const { x, y } = from[0] ?? { x: 0, y: 0 };
  const [e, f] = [to[0].x - (a * x - b * y), to[0].y - (b * x + a * y)];
  return mirror_width === null
    ? [a, b, -b, a, e, f]
    : [-a, -b, -b, a, a * mirror_width + e, b * mirror_width + f];
}
