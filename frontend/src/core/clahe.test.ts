import { describe, expect, it, test } from 'vitest';
import golden from '../../../tests/golden/clahe.json';
import { equalised, tilingFor } from './clahe';

function rgba(levels: readonly number[]): Uint8ClampedArray {
  return new Uint8ClampedArray(levels.flatMap((level) => [level, level, level, 200]));
}

function levelsOf(pixels: Uint8ClampedArray): number[] {
  return Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i]!);
}

describe('as OpenCV does', () => {
  test.each(golden.cases)('$width x $height in $across x $down tiles, clipped at $clip', (each) => {
    const found = levelsOf(equalised(rgba(each.levels), each, each));
    expect(found).toEqual(each.equalised);
  });
});

describe('equalised', () => {
  const size = { width: 64, height: 64 };
  const faint = Array.from({ length: 64 * 64 }, (_, i) => 120 + (i % 8));

  it('keeps alpha, and grey stays grey', () => {
    const out = equalised(rgba(faint), size, { across: 2, down: 2, clip: 2 });
    expect([out[3], out[1], out[2]]).toEqual([200, out[0], out[0]]);
  });
  it('spreads what is faint, the more the higher the limit, and keeps its order', () => {
    const spread = (clip: number): number => {
      const out = levelsOf(equalised(rgba(faint), size, { across: 1, down: 1, clip }));
      expect(out.slice(0, 8)).toEqual(out.slice(0, 8).sort((a, b) => a - b));
      return out[7]! - out[0]!;
    };
    expect(spread(2)).toBeGreaterThan(7);
    expect(spread(8)).toBeGreaterThan(spread(2));
  });
  it('without a limit and in one tile is plain equalisation: the share of pixels at or below a level', () => {
    const levels = Array.from({ length: 64 * 64 }, (_, i) => (i * i) % 251);
    const out = levelsOf(equalised(rgba(levels), size, { across: 1, down: 1, clip: 256 }));
    for (const i of [0, 1, 77, 4095]) {
      const below = levels.filter((level) => level <= levels[i]!).length;
      expect(out[i]).toBe(Math.round((255 * below) / levels.length));
    }
  });
  it('has no seams: a flat picture stays flat', () => {
    const out = levelsOf(equalised(rgba(Array(64 * 64).fill(90)), size, { across: 4, down: 4, clip: 3 }));
    expect(new Set(out).size).toBe(1);
  });
  it('refuses a picture of another size', () => {
    expect(() => equalised(rgba([1, 2, 3]), size, { across: 1, down: 1, clip: 2 })).toThrow('size');
  });
});

it('divides a long film into square tiles', () => {
  expect(tilingFor({ width: 1000, height: 2400 }, 2)).toEqual({ across: 8, down: 19, clip: 2 });
});
