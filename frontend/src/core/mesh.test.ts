import { describe, expect, it } from 'vitest';
import { lensOf, meshOf, onSurface } from './mesh';
import type { Depth } from './npy';

const window = { near_mm: 900, far_mm: 1500 };
const lens = { fx: 100, fy: 100, cx: 10, cy: 10 };

function plane(change: (x: number, y: number) => number = () => 1000): Depth {
  const values_mm = Uint16Array.from({ length: 400 }, (_, i) => change(i % 20, Math.floor(i / 20)));
  return { width: 20, height: 20, values_mm };
}

const grey = new Uint8ClampedArray(1600).fill(120);

describe('meshOf', () => {
  it('has a corner every second pixel, two triangles a square, and the size of the plane', () => {
    const { positions_mm, triangles, colours } = meshOf(plane(), window, lens, grey);
    expect([positions_mm.length / 3, triangles.length / 3, colours.length]).toEqual([100, 2 * 81, 300]);
    // 18 px at 1000 mm and a focal length of 100 px are 180 mm.
    const xs = [...positions_mm].filter((_, i) => i % 3 === 0);
    expect(Math.max(...xs) - Math.min(...xs)).toBeCloseTo(180, 3);
    expect(positions_mm[1]).toBeGreaterThan(0);
    expect(positions_mm[2]).toBe(-1000);
  });
  it('turns every triangle to the camera', () => {
    const { positions_mm: p, triangles } = meshOf(plane(), window, lens, grey);
    for (let i = 0; i < triangles.length; i += 3) {
      const [a, b, c] = [3 * triangles[i]!, 3 * triangles[i + 1]!, 3 * triangles[i + 2]!];
      const normal_z = (p[b]! - p[a]!) * (p[c + 1]! - p[a + 1]!) - (p[b + 1]! - p[a + 1]!) * (p[c]! - p[a]!);
      expect(normal_z).toBeGreaterThan(0);
    }
  });
  it('joins nothing across a jump, and leaves out holes and the wall', () => {
    const stepped = meshOf(
      plane((x) => (x < 12 ? 1000 : 1100)),
      window,
      lens,
      grey,
    );
    // Six columns of ten: the other four are another piece, and the smaller one.
    expect(stepped.positions_mm.length / 3).toBe(60);
    expect(stepped.triangles.length / 3).toBe(2 * 9 * 5);
    const holed = meshOf(
      plane((x, y) => (x < 10 ? 1000 : y < 10 ? 0 : 2000)),
      window,
      lens,
      grey,
    );
    expect(holed.positions_mm.length / 3).toBe(50);
  });
  it('refuses a picture of another size', () => {
    expect(() => meshOf(plane(), window, lens, new Uint8ClampedArray(4))).toThrow('size');
  });
});

describe('onSurface', () => {
  it('lifts a spot along its ray', () => {
    expect(onSurface(plane(), lens, { x: 15, y: 5 })).toEqual([50, 50, -1000]);
  });
  it('takes the nearest depth beside a hole, and none within it', () => {
    const holed = plane((x) => (x < 10 ? 1200 : 0));
    expect(onSurface(holed, lens, { x: 11.5, y: 10 })).toEqual([18, 0, -1200]);
    expect(onSurface(holed, lens, { x: 18.5, y: 10 })).toBeNull();
  });
});

it("takes the camera's numbers, or those of a Kinect", () => {
  expect(lensOf({ fx: 90, fy: 91, cx: 9, cy: 8 }, plane())).toEqual({ fx: 90, fy: 91, cx: 9, cy: 8 });
  const usual = lensOf(null, plane());
  expect(usual.fx).toBeCloseTo(9.4);
  expect([usual.fy, usual.cx, usual.cy]).toEqual([usual.fx, 10, 10]);
});
