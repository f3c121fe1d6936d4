import { describe, expect, it } from 'vitest';
import type { Depth } from './npy';
import { bendAt, meanCurvature, paintCurvature, paintRelief, surfaceOf } from './relief';

const SIZE = 121;
const FOCAL_PX = 600;
const MIDDLE = 60 * SIZE + 60;
const WINDOW = { near_mm: 900, far_mm: 1300 };
const HOLE = 0xff181414;

/** A depth map from a function of the place on the surface, mm from its middle. */
function depthOf(z_mm: (x_mm: number, y_mm: number) => number): Depth {
  const values_mm = new Uint16Array(SIZE * SIZE);
  // A pixel is as wide as at the middle of the window, where the surface is taken to lie.
  const pitch = 1100 / FOCAL_PX;
  for (let i = 0; i < values_mm.length; i += 1) {
    values_mm[i] = Math.round(z_mm(((i % SIZE) - 60) * pitch, (Math.floor(i / SIZE) - 60) * pitch));
  }
  return { width: SIZE, height: SIZE, values_mm };
}

const plane = depthOf(() => 1100);
const ball = (radius: number) => (x: number, y: number) =>
  1050 + radius - Math.sqrt(Math.max(0, radius * radius - x * x - y * y));

function painted(paint: typeof paintRelief, depth: Depth): Uint32Array {
  const rgba = new Uint32Array(SIZE * SIZE);
  paint(depth, WINDOW, FOCAL_PX, rgba);
  return rgba;
}

const red = (word: number) => word & 255;
const blue = (word: number) => (word >> 16) & 255;

describe('the surface', () => {
  it('keeps a plane where it is, up to its edges', () => {
    const { z_mm } = surfaceOf(plane, WINDOW, FOCAL_PX, 10);
    expect(Math.min(...z_mm)).toBeCloseTo(1100, 3);
    expect(Math.max(...z_mm)).toBeCloseTo(1100, 3);
  });

  it('is missing in holes and behind the window, and they pull nothing down', () => {
    const depth = depthOf((x) => (x > 0 ? 0 : 1100));
    depth.values_mm[MIDDLE - 30] = 5000;
    const { z_mm } = surfaceOf(depth, WINDOW, FOCAL_PX, 10);
    expect(z_mm[MIDDLE + 1]).toBeNaN();
    expect(z_mm[MIDDLE - 30]).toBeNaN();
    expect(z_mm[MIDDLE - 1]).toBeCloseTo(1100, 3);
  });

  it.each([60, 100, 200])('of a ball of radius %d mm bends by its inverse', (radius) => {
    const surface = surfaceOf(depthOf(ball(radius)), WINDOW, FOCAL_PX, 10);
    // Whole millimetres make steps: over some pixels they even out.
    const bends: number[] = [];
    for (let row = -4; row <= 4; row += 1) {
      for (let column = -4; column <= 4; column += 1) {
        const bend = bendAt(surface, MIDDLE + row * SIZE + column);
        if (bend !== null) bends.push(meanCurvature(bend));
      }
    }
    const mean = bends.reduce((sum, bend) => sum + bend, 0) / bends.length;
    expect(mean * radius).toBeGreaterThan(0.85);
    expect(mean * radius).toBeLessThan(1.15);
  });

  it('of a saddle bends by nothing in the mean', () => {
    const surface = surfaceOf(
      depthOf((x, y) => 1100 + (x * x - y * y) / 300),
      WINDOW,
      FOCAL_PX,
      10,
    );
    const bend = bendAt(surface, MIDDLE);
    if (bend === null) throw new Error('no bend');
    expect(Math.abs(meanCurvature(bend))).toBeLessThan(0.0005);
  });
});

it('colours a bulge red, a hollow blue, a plane neither, a hole dark', () => {
  const bulge = painted(paintCurvature, depthOf(ball(80)))[MIDDLE] as number;
  const hollow = painted(
    paintCurvature,
    depthOf((x, y) => 2200 - ball(80)(x, y)),
  )[MIDDLE] as number;
  const flat = painted(paintCurvature, plane)[MIDDLE] as number;
  expect(red(bulge)).toBeGreaterThan(blue(bulge) + 50);
  expect(blue(hollow)).toBeGreaterThan(red(hollow) + 50);
  expect(Math.abs(red(flat) - blue(flat))).toBeLessThan(10);
  const holed = { ...plane, values_mm: plane.values_mm.map((mm, i) => (i === MIDDLE ? 0 : mm)) };
  expect(painted(paintCurvature, holed)[MIDDLE]).toBe(HOLE);
});

it('lights what faces up and left more than what faces down and right', () => {
  const towards = painted(
    paintRelief,
    depthOf((x, y) => 1100 - 0.3 * x - 0.3 * y),
  )[MIDDLE] as number;
  const away = painted(
    paintRelief,
    depthOf((x, y) => 1100 + 0.3 * x + 0.3 * y),
  )[MIDDLE] as number;
  expect(red(towards)).toBeGreaterThan(red(away) + 100);
});
