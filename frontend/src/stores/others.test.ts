import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LandmarkSet } from '@/api/types';
import { Others } from './others.svelte';

const set = (id: string, kind: 'person' | 'model' = 'model') =>
  ({ id, revision: 1, author: { kind, id: null, name: id }, points: [] }) as unknown as LandmarkSet;

let states: Record<string, string>;
let others: Others;

beforeEach(() => {
  states = {};
  vi.stubGlobal('fetch', async ({ url }: Request) => {
    const id = /landmark-sets\/([^/]+)\/prediction/.exec(url)?.[1] ?? '';
    const model_version = { id, label: id, state: states[id] ?? 'promoted' };
    return Response.json({ set: id, revision: 1, model_version, doubts: [], abstains: '' });
  });
  others = new Others();
});

afterEach(() => vi.unstubAllGlobals());

it('shows what a model in use placed before what a retired one did', async () => {
  states = { newest: 'retired' };
  others.open([set('person', 'person'), set('newest'), set('older')]);
  expect(others.set?.id).toBe('newest');
  await others.askHowSure();
  expect(others.set?.id).toBe('older');
  await others.askHowSure();
  expect(others.doubted).toEqual([]);
});

it('forgets an answer about the image before', async () => {
  others.open([set('one')]);
  const asked = others.askHowSure();
  states = { two: 'retired' };
  others.open([set('two')]);
  await asked;
  expect(others.doubted).toEqual([]);
  await others.askHowSure();
  expect(others.doubted).toHaveLength(1);
});

it('says that a model is retired where there is no other, or where somebody asks for it', async () => {
  states = { one: 'retired', two: 'retired' };
  others.open([set('one'), set('two')]);
  for (let turn = 0; turn < 3; turn++) await others.askHowSure();
  expect(others.set?.id).toBe('one');
  expect(others.doubted).toEqual([{ levels: [], text: 'This model is no longer in use.' }]);
  others.choose('two');
  await others.askHowSure();
  expect(others.set?.id).toBe('two');
  expect(others.doubted).toHaveLength(1);
});
