import { describe, expect, it } from 'vitest';
import { columnOf, centreOf } from './column';
import { curveText } from './curvetext';
import type { Points } from './landmarks';
import {
  leanOf,
  NO_LINES,
  angleOf,
  dragged,
  linesOf,
  moved,
  pressed,
  released,
  type TwoLines,
} from './twolines';

const spot = (x: number, y: number) => ({ x, y });

function drag(lines: TwoLines, from: [number, number], to: [number, number]): TwoLines {
  return released(dragged(pressed(lines, spot(...from)), spot(...to)), 3);
}

describe('two lines', () => {
  // 10 deg up to the right above, 20 deg down to the right below.
  const lower = drag(NO_LINES, [0, 200], [100, 200 + 100 * Math.tan((20 * Math.PI) / 180)]);
  const both = drag(lower, [100, 100 - 100 * Math.tan((10 * Math.PI) / 180)], [0, 100]);

  it('give the angle whichever was drawn first and in whichever direction', () => {
    expect(Math.abs(angleOf(both, {}) ?? 0)).toBeCloseTo(30);
    expect(linesOf(both)[0]?.[1]).toEqual([0, 100]);
  });

  it('change sign with the side of the film', () => {
    expect(angleOf(both, { patientRightAtImageRight: false })).toBeCloseTo(-(angleOf(both, {}) ?? 0));
  });

  it('have no angle before both are drawn', () => {
    expect(angleOf(lower, {})).toBeNull();
    expect(angleOf(pressed(lower, spot(5, 5)), {})).toBeNull();
  });

  it('can be drawn by clicks', () => {
    const click = (lines: TwoLines, x: number, y: number) => released(pressed(lines, spot(x, y)), 3);
    const one = click(NO_LINES, 10, 10);
    expect(one.isDrawing).toBe(true);
    expect(linesOf(one)).toEqual([]);
    const line = click(one, 60, 12);
    expect(linesOf(line)).toEqual([
      [
        [10, 10],
        [60, 12],
      ],
    ]);
  });

  it('are four ends and no more, each of which moves alone', () => {
    expect(pressed(both, spot(1, 1))).toBe(both);
    const turned = moved(both, 3, spot(0, 150));
    expect(turned.ends.slice(0, 3)).toEqual(both.ends.slice(0, 3));
    expect(turned.ends[3]).toEqual(spot(0, 150));
  });
});

describe('columnOf', () => {
  const corner = (name: string, x: number, y: number) => ({ name, x, y, state: 'placed' as const });
  const points: Points = [
    corner('C7_TL', 0, 0),
    corner('C7_TR', 10, 0),
    corner('C7_BL', 0, 8),
    corner('C7_BR', 10, 8),
    corner('T1_TL', 0, 10),
    { name: 'T1_TR', x: null, y: null, state: 'missing' },
  ];

  it('takes whole vertebrae only', () => {
    expect(columnOf(points).levels).toEqual(['C7']);
    expect(columnOf(points).corners[0]?.[3]).toEqual([10, 8]);
  });

  it('finds the centre of a level from its point or its corners', () => {
    expect(centreOf(points, 'C7')).toEqual([5, 4]);
    expect(centreOf([corner('C7', 3, 2)], 'C7')).toEqual([3, 2]);
    expect(centreOf(points, 'T1')).toBeNull();
  });
});

describe('curveText', () => {
  it('never leaves the error or the levels out', () => {
    const angle = {
      angle_deg: 32.44,
      error_deg: 4.9,
      upper_level: 'T6',
      lower_level: 'T12',
      side: 'right',
      region: 'MT',
    };
    expect(curveText(angle)).toBe('MT 32.4° ± 4.9 (T6–T12, right)');
    expect(curveText({ ...angle, side: '', region: '' })).toBe('32.4° ± 4.9 (T6–T12)');
  });
});

it.each([
  [[0, 0], [10, 0], 0, null],
  [[0, 10], [10, 0], 45, 'right'],
  [[10, 0], [0, 10], 45, 'right'],
  [[0, 0], [100, 5], 2.862, 'left'],
  [[3, 9], [3, 2], 90, 'right'],
] as const)('says how much the line from %j to %j leans', (a, b, deg, higher) => {
  const lean = leanOf([a, b]);
  expect(lean.deg).toBeCloseTo(deg, 3);
  if (deg < 90) expect(lean.higher).toBe(higher);
});
