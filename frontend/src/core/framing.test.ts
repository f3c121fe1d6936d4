import { describe, expect, it } from 'vitest';
import { WHOLE, framing, mirroredFrame, surfaceFrame } from './framing';
import { paneFromImage, toPane } from './viewport';

const WINDOW = { near_mm: 1000, far_mm: 1300 };

/** A wall at 2.5 m with a back of 20 x 50 pixels before it, and one stray pixel at the back's distance. */
function room() {
  const values_mm = new Uint16Array(200 * 100).fill(2500);
  for (let row = 30; row < 80; row += 1) {
    for (let column = 60; column < 80; column += 1) values_mm[row * 200 + column] = 1100;
  }
  values_mm[5 * 200 + 190] = 1100;
  return { width: 200, height: 100, values_mm };
}

describe('surfaceFrame', () => {
  it('takes in the back and some air, and no stray pixel', () => {
    const frame = surfaceFrame(room(), WINDOW);
    expect(frame.left).toBeCloseTo((60 - 1.2) / 200);
    expect(frame.right).toBeCloseTo((80 + 1.2) / 200);
    expect(frame.top).toBeCloseTo((30 - 3) / 100);
    expect(frame.bottom).toBeCloseTo((80 + 3) / 100);
  });

  it('is the whole picture when there is no back in it', () => {
    expect(surfaceFrame({ width: 4, height: 4, values_mm: new Uint16Array(16) }, WINDOW)).toEqual(WHOLE);
  });
});

describe('framing', () => {
  it('fills the pane with the frame, centred', () => {
    const frame = { left: 0.25, top: 0.2, right: 0.5, bottom: 0.8 };
    const image = { width: 400, height: 200 };
    const pane = { width: 300, height: 240 };
    const map = paneFromImage(framing(frame, image, pane), image, pane, false);
    expect(toPane(map, { x: 150, y: 100 })).toEqual({ x: 150, y: 120 });
    expect(toPane(map, { x: 150, y: 40 }).y).toBeCloseTo(0);
    expect(toPane(map, { x: 150, y: 160 }).y).toBeCloseTo(240);
  });

  it('is the other side of a mirrored picture', () => {
    expect(mirroredFrame({ left: 0.1, top: 0.2, right: 0.4, bottom: 0.9 })).toEqual({
      left: 0.6,
      top: 0.2,
      right: 0.9,
      bottom: 0.9,
    });
  });
});
