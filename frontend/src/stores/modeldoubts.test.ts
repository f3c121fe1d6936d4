import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LandmarkSet } from '@/api/types';
import { ModelDoubts } from './modeldoubts.svelte';

const DOUBTS = [{ upper_level: 'T5', lower_level: 'L1', doubt_deg: 6 }];
const byModel = (revision = 1) => ({ id: 'set', revision, author: { kind: 'model' } }) as LandmarkSet;
let answer: () => Response;

beforeEach(() => vi.stubGlobal('fetch', async () => answer()));
afterEach(() => vi.unstubAllGlobals());

async function told(body: object, status = 200): Promise<ModelDoubts> {
  answer = () => Response.json(body, { status });
  const doubts = new ModelDoubts();
  doubts.open([byModel()]);
  expect(doubts.whyNoAngle(byModel())).toBe('Asking the model how sure it is.');
  await vi.waitFor(() => expect(String(doubts.whyNoAngle(byModel()))).not.toMatch(/^Asking/));
  return doubts;
}

it('lets an angle be shown once the model is known not to abstain', async () => {
  const doubts = await told({ set: 'set', revision: 1, abstains: '', curve_doubts: DOUBTS });
  expect(doubts.whyNoAngle(byModel())).toBeNull();
  expect(doubts.of(byModel())?.curve_doubts).toEqual(DOUBTS);
  expect(doubts.whyNoAngle({ ...byModel(), author: { kind: 'person', id: 'p', name: 'P' } })).toBeNull();
});

it('says why there is none', async () => {
  const doubts = await told({ set: 'set', revision: 1, abstains: 'It may be off by 14 degrees.' });
  expect(doubts.whyNoAngle(byModel())).toBe('No angle is given. It may be off by 14 degrees.');
});

it('speaks of no other points than those the model was asked about', async () => {
  const doubts = await told({ set: 'set', revision: 2, abstains: '', curve_doubts: DOUBTS });
  expect(doubts.whyNoAngle(byModel(1))).toContain('load the page again');
  expect(doubts.of(byModel(1))).toBeNull();
});

it('shows an angle of which the model says nothing, and none while it cannot be asked', async () => {
  expect((await told({ detail: 'Not here.', code: 'not_found' }, 404)).whyNoAngle(byModel())).toBeNull();
  const failed = await told({ detail: 'The disk is full.', code: 'broken' }, 500);
  expect(failed.whyNoAngle(byModel())).toContain('could not be asked');
});
