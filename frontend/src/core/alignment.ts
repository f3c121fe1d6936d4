/**
 * The part of a film that networks see (seed 000, section 4.3.2): from C7 down to the sacrum, half as wide as high,
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
