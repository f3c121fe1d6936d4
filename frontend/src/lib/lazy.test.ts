import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Lazy } from './lazy.svelte';

const Part = () => ({});
const here = () => Promise.resolve({ default: Part });

let idle: (() => void)[];
beforeEach(() => {
  idle = [];
  vi.stubGlobal('requestIdleCallback', (act: () => void) => idle.push(act));
});
afterEach(() => vi.unstubAllGlobals());

it('is fetched once, when the page is idle', async () => {
  const fetch = vi.fn(here);
  const part = new Lazy(fetch);
  expect(fetch).not.toHaveBeenCalled();
  idle.forEach((act) => act());
  await part.load();
  expect(part.component).toBe(Part);
  expect(fetch).toHaveBeenCalledOnce();
});

it('is there for who asks before that', async () => {
  const part = new Lazy(here);
  await part.load();
  expect(part.component).toBe(Part);
});

it('waits to be asked, or does not wait at all', () => {
  const asked = vi.fn(here);
  const now = vi.fn(here);
  new Lazy(asked, 'asked');
  new Lazy(now, 'now');
  expect([asked.mock.calls.length, now.mock.calls.length, idle.length]).toEqual([0, 1, 0]);
});

it('tells who asks that it cannot be fetched, and tries again', async () => {
  const fetch = vi.fn(here).mockRejectedValueOnce(new TypeError('Failed to fetch'));
  const part = new Lazy(fetch);
  idle.forEach((act) => act());
  await expect(part.load()).rejects.toThrow('Failed to fetch');
  await part.load();
  expect(part.component).toBe(Part);
});
