import { describe, expect, it } from 'vitest';
import {
  applied,
  describe as describeCommand,
  find,
  nextToPlace,
  samePoints,
  shownCorner,
  shownSchema,
  spoken,
  together,
  vertebraOf,
  vertebraeOf,
  type Command,
  type Points,
  type Schema,
} from './landmarks';

const BACK6: Schema = {
  name: 'back6',
  title: 'Back, six points',
  points: ['C7', 'scapula_L', 'scapula_R', 'PSIS_L', 'PSIS_R', 'sacrum'].map((name) => ({
    name,
    title: name,
    hint: '',
  })),
  mirror_pairs: [
    ['scapula_L', 'scapula_R'],
    ['PSIS_L', 'PSIS_R'],
  ],
  links: [],
};

const CORNERED: Schema = {
  name: 'v',
  title: 'Two vertebrae',
  points: ['T1_TL', 'T1_TR', 'T1_BL', 'T1_BR', 'T2_TL', 'T2_TR', 'T2_BL', 'T2_BR'].map((name) => ({
    name,
    title: name,
    hint: '',
  })),
  mirror_pairs: [],
  links: [],
};

function after(schema: Schema, ...commands: Command[]): Points {
  return commands.reduce((points, command) => applied(schema, points, command), [] as Points);
}

const place = (name: string, x: number, y: number): Command => ({ do: 'place', name, x, y });

describe('commands', () => {
  it('place in the order of the schema, whatever the order of the clicks', () => {
    const points = after(BACK6, place('sacrum', 5, 90), place('C7', 6, 10));
    expect(points.map(({ name }) => name)).toEqual(['C7', 'sacrum']);
    expect(find(points, 'C7')).toEqual({ name: 'C7', x: 6, y: 10, state: 'placed' });
  });

  it('place again keeps the state, and gives a missing point its place', () => {
    const uncertain = after(
      BACK6,
      place('C7', 1, 2),
      { do: 'mark', names: ['C7'], state: 'uncertain' },
      place('C7', 3, 4),
    );
    expect(find(uncertain, 'C7')).toEqual({ name: 'C7', x: 3, y: 4, state: 'uncertain' });
    const found = after(BACK6, { do: 'mark', names: ['C7'], state: 'missing' }, place('C7', 3, 4));
    expect(find(found, 'C7')?.state).toBe('placed');
  });

  it('never change the value they were given', () => {
    const points = after(BACK6, place('C7', 1, 2));
    const frozen = JSON.stringify(points);
    applied(BACK6, points, { do: 'move', names: ['C7'], dx: 5, dy: 5 });
    applied(BACK6, points, { do: 'clear', names: ['C7'] });
    expect(JSON.stringify(points)).toBe(frozen);
  });

  it('missing has no place; uncertain needs one', () => {
    const points = after(BACK6, { do: 'mark', names: ['C7'], state: 'missing' });
    expect(find(points, 'C7')).toEqual({ name: 'C7', x: null, y: null, state: 'missing' });
    expect(applied(BACK6, points, { do: 'mark', names: ['C7'], state: 'uncertain' })).toBe(points);
    expect(applied(BACK6, [], { do: 'mark', names: ['C7'], state: 'occluded' })).toEqual([]);
  });

  it('move only the points they name', () => {
    const points = after(BACK6, place('C7', 1, 2), place('sacrum', 5, 90), {
      do: 'move',
      names: ['C7'],
      dx: 0.1,
      dy: -1,
    });
    expect(find(points, 'C7')).toMatchObject({ x: 1.1, y: 1 });
    expect(find(points, 'sacrum')).toMatchObject({ x: 5, y: 90 });
  });

  it('swap exchanges places and states of the pairs, one sided ones too', () => {
    const points = after(
      BACK6,
      place('C7', 50, 1),
      place('scapula_L', 70, 20),
      { do: 'place', name: 'scapula_R', x: 30, y: 21, state: 'uncertain' },
      place('PSIS_R', 40, 80),
      { do: 'swap' },
    );
    expect(find(points, 'scapula_L')).toEqual({ name: 'scapula_L', x: 30, y: 21, state: 'uncertain' });
    expect(find(points, 'scapula_R')).toMatchObject({ x: 70, state: 'placed' });
    expect(find(points, 'PSIS_L')).toMatchObject({ x: 40 });
    expect(find(points, 'PSIS_R')).toBeUndefined();
    expect(find(points, 'C7')).toMatchObject({ x: 50 });
  });

  it('clear gives back the same object when there was nothing', () => {
    const points = after(BACK6, place('C7', 1, 2));
    expect(applied(BACK6, points, { do: 'clear', names: ['sacrum'] })).toBe(points);
  });

  it('refuse a name the schema does not have', () => {
    expect(() => applied(BACK6, [], place('T13', 1, 2))).toThrow('no point named T13');
  });
});

describe('nextToPlace', () => {
  it('goes on after the last one, round the end, and skips missing points', () => {
    expect(nextToPlace(BACK6, [])).toBe('C7');
    const points = after(
      BACK6,
      { do: 'mark', names: ['scapula_L'], state: 'missing' },
      place('sacrum', 1, 1),
    );
    expect(nextToPlace(BACK6, points, 'C7')).toBe('scapula_R');
    expect(nextToPlace(BACK6, points, 'sacrum')).toBe('C7');
    const all = BACK6.points.map(({ name }) => place(name, 1, 1));
    expect(nextToPlace(BACK6, after(BACK6, ...all))).toBeNull();
  });
});

describe('vertebrae', () => {
  it('are four corners each', () => {
    expect(vertebraeOf(CORNERED)).toEqual(['T1', 'T2']);
    expect(vertebraeOf(BACK6)).toEqual([]);
    expect(vertebraOf('T12_BR')).toBe('T12');
    expect(together('T2_BL')).toEqual(['T2_TL', 'T2_TR', 'T2_BL', 'T2_BR']);
    expect(together('PSIS_L')).toEqual(['PSIS_L']);
  });

  it('move as one', () => {
    const points = after(CORNERED, place('T1_TL', 0, 0), place('T1_BR', 9, 9), place('T2_TL', 0, 20), {
      do: 'move',
      names: together('T1_TL'),
      dx: 1,
      dy: 2,
    });
    expect(points.map(({ x, y }) => [x, y])).toEqual([
      [1, 2],
      [10, 11],
      [0, 20],
    ]);
  });

  it('are named in the history', () => {
    expect(describeCommand({ do: 'move', names: together('T2_BL'), dx: 1, dy: 1 })).toBe('move T2');
    expect(describeCommand(place('PSIS_L', 1, 1))).toBe('place PSIS L');
    expect(describeCommand({ do: 'mark', names: ['C7'], state: 'missing' })).toBe('C7 missing');
  });
});

describe('samePoints', () => {
  it('compares places and states', () => {
    const a = after(BACK6, place('C7', 1, 2));
    expect(samePoints(a, after(BACK6, place('C7', 1, 2)))).toBe(true);
    expect(samePoints(a, after(BACK6, place('C7', 1, 2.01)))).toBe(false);
    expect(samePoints(a, [])).toBe(false);
  });
});

describe('a mirrored picture', () => {
  it('has left and right of its corners exchanged on screen, and nothing else', () => {
    expect(['T1_TL', 'T1_TR', 'L5_BL', 'L5_BR'].map((name) => shownCorner(name, true))).toEqual([
      'T1_TR',
      'T1_TL',
      'L5_BR',
      'L5_BL',
    ]);
    // A point of the back is named by the patient's side, which mirroring does not change.
    expect(['PSIS_L', 'C7'].map((name) => shownCorner(name, true))).toEqual(['PSIS_L', 'C7']);
    expect(shownCorner('T1_TL', false)).toBe('T1_TL');
  });

  it('is asked about in the order of the screen, in the words of the screen', () => {
    const points = ['TL', 'TR', 'BL', 'BR'].map((corner) => ({
      name: `T1_${corner}`,
      title: `T1 ${corner}`,
      hint: 'The corner, as the image is stored.',
    }));
    const schema: Schema = { ...CORNERED, points };
    expect(shownSchema(schema, true).points.map(({ name, title }) => `${title} = ${name}`)).toEqual([
      'T1 TL = T1_TR',
      'T1 TR = T1_TL',
      'T1 BL = T1_BR',
      'T1 BR = T1_BL',
    ]);
    expect(shownSchema(schema, true).points[0]?.hint).toBe('The corner, as you see it.');
    expect(shownSchema(BACK6, true).points).toEqual(BACK6.points);
  });

  it('is spoken of as it is seen', () => {
    expect(spoken('T1_TL', true)).toBe('T1 TR');
    expect(describeCommand(place('T1_TL', 1, 2), true)).toBe('place T1 TR');
  });
});
