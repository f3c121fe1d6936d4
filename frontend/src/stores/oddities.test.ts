import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LabelCase } from '@/api/types';
import type { Point } from '@/core/landmarks';
import { cornersOf, Oddities } from './oddities.svelte';

const LEVELS = ['T1', 'T2'];
const column: Point[] = LEVELS.flatMap(cornersOf).map((name, i) => ({ name, x: i, y: i, state: 'placed' }));
const shown = {
  set: { id: 'set', image: 'film' },
  schema: { name: 'vertebrae68', points: column.map(({ name }) => ({ name, title: name, hint: '' })) },
} as unknown as LabelCase;
const T2 = { names: cornersOf('T2'), text: 'T2 has an unusual shape.' };
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (!pathname.endsWith('/oddities')) return Response.json({ id: 'new' });
    return Response.json({ judged: true, oddities: [{ levels: ['T2'], text: T2.text }] });
  });
});
afterEach(() => vi.unstubAllGlobals());

it('warns of what the server finds odd, until a point moves', async () => {
  const oddities = new Oddities();
  await oddities.ask(shown, column);
  expect(oddities.warnings(column, [])).toEqual([T2]);
  expect(oddities.warnings([...column], [])).toEqual([]);
});

it('does not say twice what is known to be wrong', async () => {
  const oddities = new Oddities();
  await oddities.ask(shown, column);
  expect(oddities.warnings(column, [{ names: cornersOf('T2'), text: 'T2 lies above T1' }])).toEqual([]);
});

it('asks for a set by its id once it has one, and not before the column is whole', async () => {
  const oddities = new Oddities();
  await oddities.ask(shown, column.slice(1));
  expect(asked).toEqual([]);
  await oddities.ask({ ...shown, set: { ...shown.set, id: null } }, column);
  expect(asked).toEqual(['/api/v1/images/film/landmarks/vertebrae68', '/api/v1/landmark-sets/new/oddities']);
});
