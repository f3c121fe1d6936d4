import { expect, it } from 'vitest';
import { alignmentCrop, carried, spineAlignment, type Affine } from './alignment';

it('reaches from C7 to the sacrum, half as wide as high, about the middle of the two', () => {
  expect(alignmentCrop({ x: 100, y: 50 }, { x: 120, y: 450 })).toEqual({
    left: 10,
    top: 50,
    width: 200,
    height: 400,
  });
});

it('is none where the two are not one above the other', () => {
  expect(alignmentCrop({ x: 0, y: 50 }, { x: 0, y: 50 })).toBeNull();
  expect(alignmentCrop({ x: 0, y: 60 }, { x: 0, y: 50 })).toBeNull();
});

const carriedTo = (frame: Affine, spot: { x: number; y: number }) => Object.values(carried(frame, spot));

it.each([null, 200])(
  'lays C7 and the sacrum of one picture onto those of the other (mirrored: %j)',
  (width) => {
    const picture = [
      { x: 60, y: 5 },
      { x: 70, y: 250 },
    ] as const;
    const film = [
      { x: 410, y: 90 },
      { x: 380, y: 1210 },
    ] as const;
    const found = spineAlignment(picture, film, width);
    if (found === null) throw new Error('none');
    picture.forEach((spot, i) => {
      const [x, y] = carriedTo(found, spot);
      expect(x).toBeCloseTo(film[i]?.x ?? 0, 9);
      expect(y).toBeCloseTo(film[i]?.y ?? 0, 9);
    });
    // It turns and scales, and mirrors only where it must.
    const [a, b, c, d] = found;
    expect(Math.hypot(a, b)).toBeCloseTo(Math.hypot(c, d), 12);
    expect(Math.sign(a * d - b * c)).toBe(width === null ? 1 : -1);
  },
);

it('lays nothing by points that coincide', () => {
  const same = [
    { x: 1, y: 1 },
    { x: 1, y: 1 },
  ] as const;
  expect(spineAlignment(same, same)).toBeNull();
});
