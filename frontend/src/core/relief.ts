/**
 * A depth map as a surface: lit from the side, or coloured by how it bends. The furrow of the spine, the shoulder
 * blades and the dimples show there, where the depth itself changes by a few millimetres only.
 */
import type { DepthWindow } from './depthwindow';
import type { Depth } from './npy';

/** A time-of-flight camera is unsure by some millimetres a pixel; finer shapes than these are its noise. */
const RELIEF_SIGMA_MM = 5;
const CURVATURE_SIGMA_MM = 10;
/** Towards the light, from the surface: above, left, in front. */
const LIGHT = unit(-0.5, -0.6, -0.62);
/** Slopes of a back are small; drawn steeper they can be seen. */
const STEEPER = 1.3;
/** A bump of this radius has the last colour. */
const SHARPEST_RADIUS_MM = 50;

const HOLE = 0xff181414;
const CONCAVE = [59, 111, 212] as const;
const FLAT = [236, 236, 230] as const;
const CONVEX = [200, 72, 47] as const;

/** Smoothed depth, NaN where there is none or it lies behind the window; and how wide a pixel is on the surface. */
export interface Surface {
  readonly width: number;
  readonly height: number;
  readonly z_mm: Float32Array;
  readonly pitch_mm: number;
}

/**
 * The surface up to the far end of a window, smoothed by a Gaussian of `sigma_mm` (three box filters; holes count for nothing).
 * @param focal_px Focal length of the camera whose pixel grid this is.
 */
export function surfaceOf(depth: Depth, window: DepthWindow, focal_px: number, sigma_mm: number): Surface {
  const { width, height, values_mm } = depth;
  const size = width * height;
  const [sum, weight] = [new Float32Array(size), new Float32Array(size)];
  const middle_mm = (window.near_mm + window.far_mm) / 2;
  for (let i = 0; i < size; i += 1) {
    const mm = values_mm[i] as number;
    // The window's near end cuts off noise, and may cut off a shoulder blade; the wall lies beyond its far end.
    if (mm === 0 || mm > window.far_mm) continue;
    // Around zero, so that 32 bits keep a hundredth of a millimetre through the sums.
    sum[i] = mm - middle_mm;
    weight[i] = 1;
  }
  const measured = weight.slice();
  const pitch_mm = middle_mm / focal_px;
  const radius = boxRadius(sigma_mm / pitch_mm);
  const scratch = new Float32Array(size);
  for (const values of [sum, weight]) {
    for (let pass = 0; pass < 3; pass += 1) {
      boxRows(values, scratch, width, height, radius);
      boxColumns(scratch, values, width, height, radius);
    }
  }
  for (let i = 0; i < size; i += 1) {
    sum[i] = measured[i] === 1 ? middle_mm + (sum[i] as number) / (weight[i] as number) : NaN;
  }
  return { width, height, z_mm: sum, pitch_mm };
}

/** Shaded relief as RGBA words: a matt surface, lit from above and the left. */
export function paintRelief(depth: Depth, window: DepthWindow, focal_px: number, rgba: Uint32Array): void {
  const surface = surfaceOf(depth, window, focal_px, RELIEF_SIGMA_MM);
  each(surface, rgba, ({ zx, zy }) => {
    const [nx, ny, nz] = unit(STEEPER * zx, STEEPER * zy, -1);
    const lit = Math.max(0, nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]);
    const grey = Math.round(60 + 190 * lit);
    return pack(grey, grey, grey);
  });
}

/** Mean curvature as RGBA words: red where the surface bulges, blue where it is hollow. */
export function paintCurvature(depth: Depth, window: DepthWindow, focal_px: number, rgba: Uint32Array): void {
  const surface = surfaceOf(depth, window, focal_px, CURVATURE_SIGMA_MM);
  each(surface, rgba, (bend) => bent(meanCurvature(bend) * SHARPEST_RADIUS_MM));
}

interface Bend {
  readonly zx: number;
  readonly zy: number;
  readonly zxx: number;
  readonly zyy: number;
  readonly zxy: number;
}

/** 1/mm; positive where the surface bulges towards the camera. A sphere of radius R has 1/R. */
export function meanCurvature({ zx, zy, zxx, zyy, zxy }: Bend): number {
  const slope = 1 + zx * zx + zy * zy;
  return ((1 + zy * zy) * zxx - 2 * zx * zy * zxy + (1 + zx * zx) * zyy) / (2 * slope ** 1.5);
}

/** Derivatives of a surface at a pixel by central differences, mm per mm; null where a neighbour is missing. */
export function bendAt({ width, height, z_mm, pitch_mm }: Surface, i: number): Bend | null {
  const column = i % width;
  if (column < 1 || column > width - 2 || i < width || i >= width * (height - 1)) return null;
  const at = (offset: number): number => z_mm[i + offset] as number;
  const [left, right, up, down, here] = [at(-1), at(1), at(-width), at(width), at(0)];
  const corners = at(width + 1) - at(width - 1) - at(1 - width) + at(-width - 1);
  // One missing neighbour makes the sum NaN.
  if (Number.isNaN(left + right + up + down + here + corners)) return null;
  const square = pitch_mm * pitch_mm;
  return {
    zx: (right - left) / (2 * pitch_mm),
    zy: (down - up) / (2 * pitch_mm),
    zxx: (right - 2 * here + left) / square,
    zyy: (down - 2 * here + up) / square,
    zxy: corners / (4 * square),
  };
}

function each(surface: Surface, rgba: Uint32Array, colour: (bend: Bend) => number): void {
  if (rgba.length !== surface.z_mm.length) throw new RangeError('the picture and the depth differ in size');
  for (let i = 0; i < rgba.length; i += 1) {
    const bend = Number.isNaN(surface.z_mm[i] as number) ? null : bendAt(surface, i);
    rgba[i] = bend === null ? HOLE : colour(bend);
  }
}

/** The colour of a bend from -1 (hollow) to 1 (bulging). */
function bent(share: number): number {
  const end = share < 0 ? CONCAVE : CONVEX;
  const far = Math.min(1, Math.abs(share));
  const mixed = FLAT.map((flat, i) => Math.round(flat + ((end[i] as number) - flat) * far));
  return pack(mixed[0] as number, mixed[1] as number, mixed[2] as number);
}

/** Three boxes of this radius spread like a Gaussian of `sigma_px`. */
function boxRadius(sigma_px: number): number {
  return Math.max(0, Math.round((Math.sqrt(4 * sigma_px * sigma_px + 1) - 1) / 2));
}

function boxRows(from: Float32Array, to: Float32Array, width: number, height: number, radius: number): void {
  for (let row = 0; row < height; row += 1) boxLine(from, to, row * width, 1, width, radius);
}

function boxColumns(
  from: Float32Array,
  to: Float32Array,
  width: number,
  height: number,
  radius: number,
): void {
  for (let column = 0; column < width; column += 1) boxLine(from, to, column, width, height, radius);
}

/** Running sums along one line; beyond its ends there is nothing. */
function boxLine(
  from: Float32Array,
  to: Float32Array,
  start: number,
  step: number,
  count: number,
  radius: number,
): void {
  let sum = 0;
  for (let i = 0; i < Math.min(radius, count); i += 1) sum += from[start + i * step] as number;
  for (let i = 0; i < count; i += 1) {
    if (i + radius < count) sum += from[start + (i + radius) * step] as number;
    if (i - radius > 0) sum -= from[start + (i - radius - 1) * step] as number;
    to[start + i * step] = sum;
  }
}

function unit(x: number, y: number, z: number): readonly [number, number, number] {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

function pack(red: number, green: number, blue: number): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
