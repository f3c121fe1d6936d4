import { describe, expect, it } from 'vitest';
import { begun, extended, recorded, redone, undone } from './history';

describe('history', () => {
  const one = recorded(begun<number, string>(0), 'add 1', 1);
  const two = recorded(one, 'add 2', 3);

  it('walks back and forth over the same values', () => {
    expect(undone(two).value).toBe(1);
    expect(undone(undone(two)).value).toBe(0);
    expect(redone(undone(undone(two))).value).toBe(1);
    expect(redone(redone(undone(undone(two)))).value).toBe(3);
  });

  it('stops at both ends', () => {
    expect(undone(begun<number, string>(7)).value).toBe(7);
    expect(redone(two)).toBe(two);
  });

  it('drops what was undone once something new is done', () => {
    const other = recorded(undone(two), 'add 9', 10);
    expect(redone(other).value).toBe(10);
    expect(other.done.map(({ command }) => command)).toEqual(['add 1', 'add 9']);
  });

  it('keeps no step for a command that changed nothing', () => {
    expect(recorded(two, 'add 0', two.value)).toBe(two);
  });

  it('takes a run of commands back in one', () => {
    const run = extended(extended(two, 'nudge', 4), 'nudge', 5);
    expect(run.value).toBe(5);
    expect(undone(run).value).toBe(1);
    expect(redone(undone(run)).value).toBe(5);
  });
});
