import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toasts, UNDO_S } from './toasts.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

it('offers the way back for ten seconds', async () => {
  const undo = vi.fn();
  toasts.undoable('Retracted.', undo);
  await vi.advanceTimersByTimeAsync(UNDO_S * 1000 - 1);
  expect(toasts.list.at(-1)?.undo).not.toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  expect(toasts.list).toEqual([]);
  expect(undo).not.toHaveBeenCalled();
});

it('goes away once it was undone', () => {
  const undo = vi.fn();
  toasts.undoable('Retracted.', undo);
  toasts.list.at(-1)?.undo?.();
  expect(undo).toHaveBeenCalledOnce();
  expect(toasts.list).toEqual([]);
});

it('says why it could not be undone', async () => {
  toasts.undoable('Retracted.', () => Promise.reject(new TypeError('Failed to fetch')));
  toasts.list.at(-1)?.undo?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(toasts.list.at(-1)?.tone).toBe('bad');
});

it('goes away by itself', async () => {
  toasts.good('Saved.');
  const before = toasts.list.length;
  await vi.advanceTimersByTimeAsync(5000);
  expect(toasts.list.length).toBe(before - 1);
});
