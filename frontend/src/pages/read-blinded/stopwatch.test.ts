import { expect, test } from 'vitest';
import { Stopwatch } from './stopwatch';

function clockwork() {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const clock = { at: 0 };
  return { clock, make: (key: string) => new Stopwatch(key, store, () => clock.at) };
}

test('counts while it runs, not while it is paused, and goes on after a reload', () => {
  const { clock, make } = clockwork();
  const first = make('a');
  expect(first.seconds).toBe(0);
  first.run();
  clock.at = 4000;
  first.run();
  expect(first.seconds).toBe(4);
  first.pause();
  clock.at = 9000;
  expect(first.seconds).toBe(4);
  const again = make('a');
  again.run();
  clock.at = 10_500;
  expect(again.seconds).toBe(5.5);
  expect(make('b').seconds).toBe(0);
  again.forget();
  expect(make('a').seconds).toBe(0);
});
