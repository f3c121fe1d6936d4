import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toasts, UNDO_S } from './toasts.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

it('sends what is deferred when the time is up, once', async () => {
  const commit = vi.fn(() => Promise.resolve());
  toasts.deferred('Retracted.', commit, vi.fn());
  await vi.advanceTimersByTimeAsync(UNDO_S * 1000 - 1);
  expect(commit).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  toasts.flush();
  expect(commit).toHaveBeenCalledExactlyOnceWith(false);
});

it('never sends what was undone', async () => {
  const commit = vi.fn(() => Promise.resolve());
  const undo = vi.fn();
  toasts.deferred('Retracted.', commit, undo);
  toasts.list.at(-1)?.undo?.();
  await vi.advanceTimersByTimeAsync(UNDO_S * 2000);
  expect(undo).toHaveBeenCalledOnce();
  expect(commit).not.toHaveBeenCalled();
});

it('sends at once when the page is left', () => {
  const commit = vi.fn(() => Promise.resolve());
  toasts.deferred('Retracted.', commit, vi.fn());
  window.dispatchEvent(new Event('pagehide'));
  expect(commit).toHaveBeenCalledExactlyOnceWith(true);
});

it('takes it back and says why when the server refuses', async () => {
  const undo = vi.fn();
  toasts.deferred('Retracted.', () => Promise.reject(new TypeError('Failed to fetch')), undo);
  await vi.advanceTimersByTimeAsync(UNDO_S * 1000);
  expect(undo).toHaveBeenCalledOnce();
  expect(toasts.list.at(-1)?.tone).toBe('bad');
});

it('goes away by itself', async () => {
  toasts.good('Saved.');
  const before = toasts.list.length;
  await vi.advanceTimersByTimeAsync(5000);
  expect(toasts.list.length).toBe(before - 1);
});
