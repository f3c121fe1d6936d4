import { expect, it } from 'vitest';
import { alignmentCrop } from './alignment';

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
