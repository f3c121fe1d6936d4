import { describe, expect, it } from 'vitest';
import { doubtText, ellipseOf } from './uncertainty';

/** The covariance with these axes, the longer at `turn_deg` from x towards y. */
function turned(long: number, short: number, turn_deg: number): number[] {
  const [c, s] = [Math.cos((turn_deg * Math.PI) / 180), Math.sin((turn_deg * Math.PI) / 180)];
  const [l, k] = [long ** 2, short ** 2];
  return [c * c * l + s * s * k, c * s * (l - k), s * s * l + c * c * k];
}

describe('ellipseOf', () => {
  it.each([
    [4, 2, 0],
    [4, 2, 30],
    [4, 2, -60],
    [7, 1, 90],
  ])('finds axes %d and %d at %d degrees again', (long, short, turn_deg) => {
    const found = ellipseOf(turned(long, short, turn_deg));
    expect(found.long).toBeCloseTo(long, 9);
    expect(found.short).toBeCloseTo(short, 9);
    expect(Math.abs(found.turn_deg)).toBeCloseTo(Math.abs(turn_deg), 9);
  });

  it('grows with the zoom and turns over with a mirrored picture', () => {
    const found = ellipseOf(turned(4, 2, 30), { ax: -3, ay: 3 });
    expect(found.long).toBeCloseTo(12, 9);
    expect(found.short).toBeCloseTo(6, 9);
    expect(found.turn_deg).toBeCloseTo(-30, 9);
  });

  it('has an axis of nothing where the doubt is along one line only', () => {
    expect(ellipseOf([1, 1, 1]).short).toBeCloseTo(0, 6);
  });
});

describe('doubtText', () => {
  it('tells the longest axis of all', () => {
    expect(doubtText([turned(4.24, 1, 10), undefined, turned(2, 1, 0)])).toBe('±4.2 px');
    expect(doubtText([turned(12.4, 1, 10)])).toBe('±12 px');
  });

  it('says nothing where nothing is known', () => {
    expect(doubtText([undefined])).toBe('');
  });
});
