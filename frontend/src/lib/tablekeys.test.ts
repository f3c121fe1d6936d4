import { describe, expect, it } from 'vitest';
import { allToggled, rowAfter, toggled, withRange } from './tablekeys';

describe('moving through rows', () => {
  it.each([
    ['ArrowDown', 0, 1],
    ['ArrowDown', 24, 24],
    ['ArrowUp', 0, 0],
    ['ArrowUp', 7, 6],
    ['PageDown', 20, 24],
    ['PageUp', 4, 0],
    ['Home', 9, 0],
    ['End', 3, 24],
    ['j', 3, 4],
    ['k', 3, 2],
  ])('%s from row %i leads to %i of 25', (key, at, to) => expect(rowAfter(key, at, 25)).toBe(to));

  it('leaves other keys and empty lists alone', () => {
    expect(rowAfter('Enter', 3, 25)).toBeNull();
    expect(rowAfter('ArrowDown', 0, 0)).toBeNull();
  });
});

describe('choosing rows', () => {
  const ids = ['a', 'b', 'c', 'd'];

  it('toggles one', () => {
    expect(toggled(['a'], 'b')).toEqual(['a', 'b']);
    expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
  });

  it('adds a range in either direction, nothing twice', () => {
    expect(withRange(['b'], ids, 1, 3)).toEqual(['b', 'c', 'd']);
    expect(withRange([], ids, 3, 1)).toEqual(['b', 'c', 'd']);
  });

  it('takes the whole page, gives it back, and leaves other pages alone', () => {
    expect(allToggled(['z', 'a'], ids)).toEqual(['z', 'a', 'b', 'c', 'd']);
    expect(allToggled(['z', ...ids], ids)).toEqual(['z']);
  });
});
