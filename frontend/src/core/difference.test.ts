import { expect, it } from 'vitest';
import { differences, inWords } from './difference';
import type { Point, PointState, Schema } from './landmarks';

const names = ['A', 'B', 'C', 'D'];
const schema: Schema = {
  name: 's',
  title: 'S',
  points: names.map((name) => ({ name, title: name, hint: '' })),
  mirror_pairs: [],
  links: [],
};
const at = (name: string, x: number, y: number, state: PointState = 'placed'): Point => ({
  name,
  x,
  y,
  state,
});
const missing = (name: string): Point => ({ name, x: null, y: null, state: 'missing' });

it('finds none between equals', () => {
  expect(differences(schema, [at('A', 1, 2)], [at('A', 1, 2)])).toEqual([]);
  expect(inWords([])).toBe('no difference');
});

it('tells moved, added, removed and marked points, in the order of the schema', () => {
  const before = [at('D', 5, 5), at('A', 0, 0), at('B', 1, 1)];
  const after = [at('B', 1, 1, 'uncertain'), at('A', 3, 4), at('C', 1, 1)];
  const found = differences(schema, before, after);
  expect(found).toEqual([
    { name: 'A', what: 'moved', distance_px: 5 },
    { name: 'B', what: 'marked', distance_px: 0 },
    { name: 'C', what: 'added', distance_px: 0 },
    { name: 'D', what: 'removed', distance_px: 0 },
  ]);
  expect(inWords(found)).toBe('1 moved (at most 5.0 px), 1 added, 1 removed, 1 with another state');
});

it('counts a point that went missing as marked', () => {
  expect(differences(schema, [at('A', 0, 0)], [missing('A')])[0]?.what).toBe('marked');
});
