import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Measurement, ReadCase, Session } from '@/api/types';
import { Reading } from './reading.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const row = (id: string, day: number, retracted_at: string | null = null): Measurement =>
  ({
    id,
    study: 's',
    reader: { id: 'r' },
    created_at: `2026-01-0${day}T00:00:00Z`,
    retracted_at,
  }) as Measurement;

function readCase(study: string, measurements: Measurement[]): ReadCase {
  return {
    study: { id: study, measurements },
    radiographs: [],
    synthetic: [],
    colour: null,
    depth: null,
    sets: [],
  } as unknown as ReadCase;
}

let reading: Reading;
let asked: string[];
let status: number;
const ids = (): string[] => reading.measurements.map(({ id }) => id);
const undo = (): void => toasts.list.at(-1)?.undo?.();

beforeEach(() => {
  document.cookie = 'csrftoken=t; path=/';
  vi.useFakeTimers();
  asked = [];
  status = 200;
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    const body = status === 200 ? row('b', 2) : { detail: 'Only its reader may.', code: 'forbidden' };
    return Response.json(body, { status });
  });
  reading = new Reading(readCase('s', [row('a', 1), row('b', 2), row('c', 3), row('old', 4, '2026-01-05')]));
});

afterEach(() => {
  vi.runAllTimers();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('opens on the vertebrae that this person has measured on', () => {
  const set = (id: string) => ({
    id,
    image: 'film',
    revision: 1,
    author: { kind: 'person' },
    points: [{ name: 'T1_TL' }],
  });
  const of = (reader: string) => ({
    ...row('m', 1),
    reader: { id: reader },
    landmark_set: 'second',
    landmark_revision: 1,
  });
  const open = (reader: string) =>
    reading.open({
      ...readCase('s', [of(reader) as unknown as Measurement]),
      radiographs: [{ id: 'film', urls: { view: '/view' } }],
      sets: [set('first'), set('second')],
    } as unknown as ReadCase);
  session.begin({ user: { id: 'me' } } as Session);
  open('me');
  expect([reading.setId, reading.areCurvesSaved]).toEqual(['second', true]);
  open('somebody else');
  expect([reading.setId, reading.areCurvesSaved]).toEqual(['first', false]);
});

it('retracts at once, and puts it back in its place when that is undone', async () => {
  await reading.retract(row('b', 2));
  expect([asked, ids()]).toEqual([['DELETE /api/v1/measurements/b'], ['a', 'c']]);
  undo();
  await vi.advanceTimersByTimeAsync(1);
  expect(asked.at(-1)).toBe('POST /api/v1/measurements/b');
  expect(ids()).toEqual(['a', 'b', 'c']);
});

it('shows it again, and why, when the server refuses', async () => {
  status = 403;
  await reading.retract(row('b', 2));
  expect(ids()).toEqual(['a', 'b', 'c']);
  expect(toasts.list.at(-1)).toMatchObject({ tone: 'bad', text: 'Only its reader may.' });
});

it('takes back a retraction without showing it in another study', async () => {
  await reading.retract(row('b', 2));
  reading.open(readCase('another', []));
  undo();
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(2);
  expect(ids()).toEqual([]);
});
