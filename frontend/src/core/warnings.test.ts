import { describe, expect, it } from 'vitest';
import type { Points, Schema } from './landmarks';
import { vertebraCentre, warningsFor } from './warnings';

function schema(names: string[], mirror_pairs: string[][] = []): Schema {
  return {
    name: 's',
    title: 's',
    points: names.map((name) => ({ name, title: name, hint: '' })),
    mirror_pairs,
    links: [],
  };
}

function at(places: Record<string, [number, number]>): Points {
  return Object.entries(places).map(([name, [x, y]]) => ({ name, x, y, state: 'placed' }));
}

const BACK = schema(['C7', 'PSIS_L', 'PSIS_R', 'sacrum'], [['PSIS_L', 'PSIS_R']]);

describe('warningsFor', () => {
  it('sees left right of right, as it is drawn', () => {
    const points = at({ PSIS_L: [80, 50], PSIS_R: [20, 50] });
    expect(warningsFor(BACK, points, false, null).map(({ text }) => text)).toEqual([
      'PSIS L lies right of PSIS R',
    ]);
    expect(warningsFor(BACK, points, true, null)).toEqual([]);
  });

  it('reads the corners of a vertebra as they are stored, and tells them as they are seen', () => {
    const cornered = schema(['T1_TL', 'T1_TR'], [['T1_TL', 'T1_TR']]);
    expect(warningsFor(cornered, at({ T1_TL: [20, 50], T1_TR: [80, 50] }), true, null)).toEqual([]);
    expect(warningsFor(cornered, at({ T1_TL: [80, 50], T1_TR: [20, 50] }), true, null)).toEqual([
      { names: ['T1_TL', 'T1_TR'], text: 'T1 TL lies right of T1 TR' },
    ]);
  });

  it('knows left by its name, not by the order of the pair', () => {
    const turned = schema(['PSIS_L', 'PSIS_R'], [['PSIS_R', 'PSIS_L']]);
    expect(warningsFor(turned, at({ PSIS_L: [20, 50], PSIS_R: [80, 50] }), false, null)).toEqual([]);
  });

  it('sees the first point below the last', () => {
    const texts = warningsFor(BACK, at({ C7: [50, 90], sacrum: [50, 10] }), false, null).map(
      ({ text }) => text,
    );
    expect(texts).toEqual(['C7 lies below sacrum']);
  });

  it('sees a vertebra above the one it should follow, only once all corners are there', () => {
    const names = ['T1', 'T2'].flatMap((level) =>
      ['TL', 'TR', 'BL', 'BR'].map((corner) => `${level}_${corner}`),
    );
    const upper = { T1_TL: [0, 50], T1_TR: [9, 50], T1_BL: [0, 60], T1_BR: [9, 60] } as Record<
      string,
      [number, number]
    >;
    const lower = { T2_TL: [0, 20], T2_TR: [9, 20], T2_BL: [0, 30], T2_BR: [9, 30] } as Record<
      string,
      [number, number]
    >;
    expect(
      warningsFor(schema(names), at({ ...upper, ...lower }), false, null).map(({ text }) => text),
    ).toEqual(['T2 lies above T1']);
    delete lower.T2_BR;
    expect(warningsFor(schema(names), at({ ...upper, ...lower }), false, null)).toEqual([]);
    expect(vertebraCentre(at(upper), 'T1')).toEqual({ x: 4.5, y: 55 });
  });

  it('sees a point on a hole of the depth', () => {
    const depth = { width: 2, height: 1, values_mm: new Uint16Array([0, 900]) };
    const texts = warningsFor(BACK, at({ C7: [0.5, 0.5], sacrum: [1.5, 0.6] }), false, depth).map(
      ({ text }) => text,
    );
    expect(texts).toEqual(['C7 lies on a hole in the depth (0 mm)']);
  });
});
