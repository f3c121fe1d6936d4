import { describe, expect, it } from 'vitest';
import {
  FITTED,
  backingSize,
  deviceFromImage,
  isInside,
  limited,
  paneFromImage,
  pannedBy,
  pinched,
  revealing,
  scaleOf,
  toImage,
  toPane,
  within,
  zoomedAt,
  type Size,
  type Spot,
  type View,
} from './viewport';

const IMAGE: Size = { width: 320, height: 576 };
const PANE: Size = { width: 611.5, height: 497 };
const BRIGHT = { row: 401, column: 77 };

/** The device pixels that a nearest-neighbour canvas would paint with the bright pixel: their centroid. */
function centroidOnScreen(view: View, mirrored: boolean, pixelRatio: number): Spot {
  const backing = backingSize(PANE, pixelRatio);
  const device = deviceFromImage(paneFromImage(view, IMAGE, PANE, mirrored), PANE, backing);
  let [sumX, sumY, count] = [0, 0, 0];
  for (let row = 0; row < backing.height; row += 1) {
    const y = Math.floor(toImage(device, { x: 0, y: row + 0.5 }).y);
    if (y !== BRIGHT.row) continue;
    for (let column = 0; column < backing.width; column += 1) {
      if (Math.floor(toImage(device, { x: column + 0.5, y: 0 }).x) !== BRIGHT.column) continue;
      [sumX, sumY, count] = [sumX + column + 0.5, sumY + row + 0.5, count + 1];
    }
  }
  expect(count).toBeGreaterThan(0);
  return { x: (sumX / count / backing.width) * PANE.width, y: (sumY / count / backing.height) * PANE.height };
}

describe('a click on the centroid of one bright pixel gives its centre', () => {
  const close = zoomedAt(
    FITTED,
    30,
    toPane(paneFromImage(FITTED, IMAGE, PANE, false), { x: 77, y: 401 }),
    IMAGE,
    PANE,
  );
  const closeMirrored = zoomedAt(
    FITTED,
    30,
    toPane(paneFromImage(FITTED, IMAGE, PANE, true), { x: 77, y: 401 }),
    IMAGE,
    PANE,
  );
  for (const pixelRatio of [1, 1.25, 2]) {
    for (const mirrored of [false, true]) {
      const views: [string, View][] = [
        ['zoomed', mirrored ? closeMirrored : close],
        ['zoomed and panned', pannedBy(mirrored ? closeMirrored : close, -37.25, 11.5, IMAGE, PANE)],
      ];
      for (const [name, view] of views) {
        it(`${name}, dpr ${pixelRatio}${mirrored ? ', mirrored' : ''}`, () => {
          const spot = toImage(
            paneFromImage(view, IMAGE, PANE, mirrored),
            centroidOnScreen(view, mirrored, pixelRatio),
          );
          expect(Math.abs(spot.x - (BRIGHT.column + 0.5))).toBeLessThan(0.05);
          expect(Math.abs(spot.y - (BRIGHT.row + 0.5))).toBeLessThan(0.05);
        });
      }
    }
  }
});

describe('the view', () => {
  it('fits the whole image, centred', () => {
    const map = paneFromImage(FITTED, IMAGE, PANE, false);
    expect(toPane(map, { x: 160, y: 288 })).toEqual({ x: PANE.width / 2, y: PANE.height / 2 });
    expect(toPane(map, { x: 0, y: 0 }).y).toBeCloseTo(0);
    expect(toPane(map, { x: 0, y: 576 }).y).toBeCloseTo(PANE.height);
  });

  it('draws the first column on the right when mirrored', () => {
    const plain = toPane(paneFromImage(FITTED, IMAGE, PANE, false), { x: 0, y: 5 });
    const mirrored = toPane(paneFromImage(FITTED, IMAGE, PANE, true), { x: 320, y: 5 });
    expect(mirrored.x).toBeCloseTo(plain.x);
  });

  it('keeps what lies under the cursor while zooming, mirrored or not', () => {
    for (const mirrored of [false, true]) {
      const at = { x: 230, y: 333 };
      const before = toImage(paneFromImage(FITTED, IMAGE, PANE, mirrored), at);
      const view = zoomedAt(FITTED, 3.7, at, IMAGE, PANE);
      const after = toImage(paneFromImage(view, IMAGE, PANE, mirrored), at);
      expect(after.x).toBeCloseTo(before.x, 9);
      expect(after.y).toBeCloseTo(before.y, 9);
    }
  });

  it('pans by pane pixels', () => {
    const zoomed = { zoom: 4, u: 0.5, v: 0.5 };
    const spot = { x: 150, y: 280 };
    const before = toPane(paneFromImage(zoomed, IMAGE, PANE, true), spot);
    const after = toPane(paneFromImage(pannedBy(zoomed, 12, -7, IMAGE, PANE), IMAGE, PANE, true), spot);
    expect(after.x - before.x).toBeCloseTo(12);
    expect(after.y - before.y).toBeCloseTo(-7);
  });

  it('keeps both fingers on their spots of the image', () => {
    const start = { zoom: 2, u: 0.5, v: 0.5 };
    const from = [
      { x: 200, y: 200 },
      { x: 300, y: 200 },
    ] as const;
    const to = [
      { x: 180, y: 230 },
      { x: 330, y: 230 },
    ] as const;
    const then = paneFromImage(start, IMAGE, PANE, false);
    const now = paneFromImage(pinched(start, from, to, IMAGE, PANE), IMAGE, PANE, false);
    for (const i of [0, 1] as const) {
      expect(toPane(now, toImage(then, from[i])).x).toBeCloseTo(to[i].x);
      expect(toPane(now, toImage(then, from[i])).y).toBeCloseTo(to[i].y);
    }
  });

  it('shows the same fraction of two pictures of different size', () => {
    const view = { zoom: 3, u: 0.3, v: 0.7 };
    const small = { width: 64, height: 128 };
    const a = toImage(paneFromImage(view, IMAGE, PANE, false), { x: PANE.width / 2, y: PANE.height / 2 });
    const b = toImage(paneFromImage(view, small, PANE, false), { x: PANE.width / 2, y: PANE.height / 2 });
    expect(a.x / 320).toBeCloseTo(b.x / 64);
    expect(a.y / 576).toBeCloseTo(b.y / 128);
  });

  it('never loses the image or zooms past 48 pixels per pixel', () => {
    expect(limited({ zoom: 0.01, u: -3, v: 9 }, IMAGE, PANE)).toEqual({ zoom: 0.5, u: 0, v: 1 });
    const most = zoomedAt(FITTED, 1e9, { x: 0, y: 0 }, IMAGE, PANE);
    expect(scaleOf(most, IMAGE, PANE)).toBeCloseTo(48);
  });

  it('brings a point into view and leaves the view alone when it is seen', () => {
    expect(revealing(FITTED, { x: 160, y: 300 }, IMAGE, PANE, false)).toBe(FITTED);
    const view = revealing({ zoom: 8, u: 0.5, v: 0.5 }, { x: 60, y: 500 }, IMAGE, PANE, true);
    const at = toPane(paneFromImage(view, IMAGE, PANE, true), { x: 60, y: 500 });
    expect(at.x).toBeCloseTo(PANE.width / 2);
    expect(at.y).toBeCloseTo(PANE.height / 2);
  });

  it('knows the edges', () => {
    expect(isInside(IMAGE, { x: 320, y: 576 })).toBe(true);
    expect(isInside(IMAGE, { x: -0.01, y: 3 })).toBe(false);
    expect(within(IMAGE, { x: -4, y: 600 })).toEqual({ x: 0, y: 576 });
    expect(() => paneFromImage(FITTED, { width: 0, height: 3 }, PANE, false)).toThrow('width');
  });
});
