import { beforeEach, describe, expect, it } from 'vitest';
import { FITTED, paneFromImage, toImage, type Spot, type View } from '@/core/viewport';
import { Gestures, type GestureHost, type PointerSign, type Tool } from './gestures';

const IMAGE = { width: 100, height: 100 };
const PANE = { width: 200, height: 200 };

/** A pane without a browser: what the tool and the page were told. */
class Pane {
  view: View = FITTED;
  told: string[] = [];
  hasTool = true;
  isPanKeyDown = false;

  private readonly bench: Tool = {
    press: (spot, shift) => this.told.push(`press ${words(spot)}${shift ? ' shift' : ''}`),
    drag: (spot) => this.told.push(`drag ${words(spot)}`),
    release: () => this.told.push('release'),
    cancel: () => this.told.push('cancel'),
  };

  readonly host: GestureHost = this.makeHost();
  readonly gestures = new Gestures(this.host);

  private makeHost(): GestureHost {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const pane = this;
    return {
      image: IMAGE,
      pane: PANE,
      get map() {
        return paneFromImage(pane.view, IMAGE, PANE, false);
      },
      get isPanKeyDown() {
        return pane.isPanKeyDown;
      },
      get view() {
        return pane.view;
      },
      set view(next) {
        pane.view = next;
      },
      tool: (grip) => {
        if (grip !== null) pane.told.push(`grip ${grip}`);
        return pane.hasTool || grip !== null ? pane.bench : null;
      },
      window: (dx, dy, begun) => pane.told.push(`window ${dx} ${dy}${begun ? ' begun' : ''}`),
      click: () => pane.told.push('click'),
    };
  }

  at(x: number, y: number, more: Partial<PointerSign> = {}): PointerSign {
    return { id: 1, touch: false, button: 0, at: { x, y }, shift: false, grip: null, ...more };
  }
}

function words({ x, y }: Spot): string {
  return `${x} ${y}`;
}

let pane: Pane;
beforeEach(() => (pane = new Pane()));

describe('a mouse', () => {
  it('uses the tool from the press on, in image pixels', () => {
    pane.gestures.down(pane.at(100, 50, { shift: true }));
    pane.gestures.move(pane.at(110, 50));
    pane.gestures.up(pane.at(110, 50));
    expect(pane.told).toEqual(['press 50 25 shift', 'drag 55 25', 'release']);
  });

  it('pans where there is no tool, and a press that stays is a click', () => {
    pane.hasTool = false;
    pane.view = { zoom: 2, u: 0.5, v: 0.5 };
    pane.gestures.down(pane.at(100, 100));
    pane.gestures.move(pane.at(103, 100));
    expect(pane.view.u).toBe(0.5);
    pane.gestures.move(pane.at(140, 100));
    expect(pane.view.u).toBeCloseTo(0.4);
    pane.gestures.up(pane.at(140, 100));
    expect(pane.told).toEqual([]);
    pane.gestures.down(pane.at(100, 100));
    pane.gestures.up(pane.at(101, 100));
    expect(pane.told).toEqual(['click']);
  });

  it('pans with the middle button or with space, never placing anything', () => {
    pane.gestures.down(pane.at(100, 100, { button: 1 }));
    pane.gestures.up(pane.at(160, 100, { button: 1 }));
    pane.isPanKeyDown = true;
    pane.gestures.down(pane.at(100, 100));
    pane.gestures.move(pane.at(160, 100));
    expect(pane.view.u).toBeCloseTo(0.2);
    expect(pane.told.filter((line) => line.startsWith('press'))).toEqual([]);
  });

  it('drags the window with the secondary button', () => {
    pane.gestures.down(pane.at(10, 10, { button: 2 }));
    pane.gestures.move(pane.at(12, 9));
    pane.gestures.move(pane.at(20, 5));
    expect(pane.told).toEqual(['window 2 -1 begun', 'window 10 -5']);
  });

  it('zooms with the wheel at the cursor', () => {
    const before = toImage(pane.host.map, { x: 30, y: 40 });
    pane.gestures.wheel(-300, { x: 30, y: 40 }, false);
    expect(pane.view.zoom).toBeGreaterThan(1.5);
    expect(toImage(pane.host.map, { x: 30, y: 40 }).x).toBeCloseTo(before.x);
  });

  it('takes the act back when the pointer is lost', () => {
    pane.gestures.down(pane.at(100, 50));
    pane.gestures.cancel(1);
    pane.gestures.move(pane.at(120, 50));
    expect(pane.told).toEqual(['press 50 25', 'cancel']);
  });
});

describe('touch', () => {
  const finger = (id: number) => ({ id, touch: true });

  it('places on a tap only', () => {
    pane.gestures.down(pane.at(100, 50, finger(1)));
    expect(pane.told).toEqual([]);
    pane.gestures.up(pane.at(102, 51, finger(1)));
    expect(pane.told).toEqual(['press 50 25', 'release']);
  });

  it('pans with one finger on empty', () => {
    pane.view = { zoom: 2, u: 0.5, v: 0.5 };
    pane.gestures.down(pane.at(100, 100, finger(1)));
    pane.gestures.move(pane.at(140, 100, finger(1)));
    pane.gestures.up(pane.at(140, 100, finger(1)));
    expect(pane.view.u).toBeCloseTo(0.4);
    expect(pane.told).toEqual([]);
  });

  it('moves the mark it began on', () => {
    pane.gestures.down(pane.at(100, 50, { ...finger(1), grip: 'C7' }));
    pane.gestures.move(pane.at(120, 50, finger(1)));
    expect(pane.told).toEqual(['grip C7', 'press 50 25', 'drag 60 25']);
  });

  it('pinches and pans with two, without a jump after a pan', () => {
    pane.gestures.down(pane.at(60, 100, finger(1)));
    pane.gestures.move(pane.at(80, 100, finger(1)));
    const before = pane.view;
    pane.gestures.down(pane.at(120, 100, finger(2)));
    pane.gestures.move(pane.at(120, 100, finger(2)));
    expect(pane.view).toEqual(before);
    pane.gestures.move(pane.at(160, 100, finger(2)));
    expect(pane.view.zoom).toBeCloseTo(2);
    pane.gestures.up(pane.at(160, 100, finger(2)));
    expect(pane.told).toEqual([]);
  });

  it('gives a mark back when a second finger comes', () => {
    pane.gestures.down(pane.at(100, 50, { ...finger(1), grip: 'C7' }));
    pane.gestures.down(pane.at(150, 50, finger(2)));
    expect(pane.told).toEqual(['grip C7', 'press 50 25', 'cancel']);
  });
});
