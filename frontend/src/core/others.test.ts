import { expect, it } from 'vitest';
import { begun, recorded, undone } from './history';
import type { Command, Point, Points } from './landmarks';
import { authorName, ghosts, originOf, takenWith, takenWithAll } from './others';

const point = (name: string, x: number | null, state: Point['state'] = 'placed'): Point => ({
  name,
  x,
  y: x,
  state,
});
const names = (points: Points): string[] => points.map(({ name }) => name);

it('draws what has a place of its own, and not what lies exactly under mine', () => {
  const theirs = [point('C7', 1), point('sacrum', 2), point('PSIS_L', null, 'missing')];
  expect(names(ghosts([point('C7', 1), point('sacrum', 3)], theirs))).toEqual(['sacrum']);
});

it('takes the pressed point over mine, and of its vertebra only what is open', () => {
  const theirs = ['T1_TL', 'T1_TR', 'T1_BL', 'T1_BR', 'T2_TL'].map((name) => point(name, 9));
  const own = [point('T1_TL', 1), point('T1_BR', null, 'missing')];
  expect(names(takenWith(own, theirs, 'T1_TL'))).toEqual(['T1_TL', 'T1_TR', 'T1_BL']);
  expect(names(takenWith([], theirs, 'T2_TL'))).toEqual(['T2_TL']);
  expect(takenWith([point('T2_TL', 9)], theirs, 'T2_TL')).toEqual([]);
});

it('takes all that is open, missing ones too', () => {
  const theirs = [point('C7', 1), point('sacrum', 2), point('PSIS_L', null, 'missing')];
  expect(names(takenWithAll([point('C7', 5)], theirs))).toEqual(['sacrum', 'PSIS_L']);
});

it('knows the last set that the points came from', () => {
  const accept = (set: string): Command => ({
    do: 'accept',
    points: [],
    author: set,
    from: { set, revision: 1 },
  });
  const first = recorded(begun<Points, Command>([]), accept('a'), [point('C7', 1)]);
  const second = recorded(first, accept('b'), [point('C7', 2)]);
  const replaced = recorded(second, { do: 'replace', points: [], why: 'theirs' }, []);
  expect(originOf(begun([]))).toBeNull();
  expect(originOf(second)?.set).toBe('b');
  expect(originOf(undone(second))?.set).toBe('a');
  expect(originOf(replaced)).toBeNull();
});

it('names a model as one', () => {
  expect(authorName({ kind: 'model', name: 'net 3' })).toBe('model net 3');
  expect(authorName({ kind: 'person', name: 'Dr. B' })).toBe('Dr. B');
});
