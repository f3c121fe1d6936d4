import { beforeEach, expect, it, vi } from 'vitest';
import { ApiError } from '@/api/errors';
import type { Page } from '@/api/types';
import { positive, text } from './filters';
import { ListState } from './list.svelte';

const SPEC = { q: text(), ordering: text('name'), page: positive(1) };
const page = (...results: string[]): Page<string> => ({
  count: results.length,
  page: 1,
  page_size: 50,
  results,
});

beforeEach(() => history.replaceState(null, '', '/studies/?q=old&page=4'));

it('begins with the rows of the page and the filters of the address', () => {
  const list = new ListState(SPEC, page('a'), () => Promise.reject(new Error('not asked')));
  expect(list.rows).toEqual(['a']);
  expect(list.filters).toEqual({ q: 'old', ordering: 'name', page: 4 });
  expect(list.filtered).toBe(true);
});

it('writes a change into the address, goes back to page 1 and fetches', async () => {
  const load = vi.fn(() => Promise.resolve(page('b')));
  const list = new ListState(SPEC, page('a'), load);
  await list.set({ q: 'new' });
  expect(location.search).toBe('?q=new');
  expect(load).toHaveBeenCalledWith({ q: 'new', ordering: 'name', page: 1 }, expect.any(AbortSignal));
  expect(list.rows).toEqual(['b']);
  await list.set({ page: 2 });
  expect(location.search).toBe('?q=new&page=2');
});

it('shows the rows of the last filters, whatever order the answers come in', async () => {
  const answers: ((rows: Page<string>) => void)[] = [];
  const list = new ListState(SPEC, page(), () => new Promise((resolve) => answers.push(resolve)));
  const first = list.set({ q: 'slow' });
  const second = list.set({ q: 'fast' });
  answers[1]?.(page('fast'));
  await second;
  answers[0]?.(page('slow'));
  await first;
  expect(list.rows).toEqual(['fast']);
  expect(list.loading).toBe(false);
});

it('gives up the request that a newer one replaces', async () => {
  const signals: AbortSignal[] = [];
  const list = new ListState(SPEC, page(), (_query, signal) => {
    signals.push(signal);
    return Promise.resolve(page());
  });
  void list.set({ q: 'a' });
  await list.set({ q: 'b' });
  expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
});

it('keeps the rows on screen when a request fails, and says why', async () => {
  const list = new ListState(SPEC, page('a'), () =>
    Promise.reject(new ApiError(400, 'invalid', 'No such filter.')),
  );
  await list.set({ q: 'b' });
  expect(list.rows).toEqual(['a']);
  expect(list.error?.message).toBe('No such filter.');
});

it('clears all that narrows but keeps the order', async () => {
  history.replaceState(null, '', '/studies/?q=a&ordering=-name&page=2');
  const list = new ListState(SPEC, page(), () => Promise.resolve(page()));
  await list.clear();
  expect(location.search).toBe('?ordering=-name');
  expect(list.filtered).toBe(false);
});
