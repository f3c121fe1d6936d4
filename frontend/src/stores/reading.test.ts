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
    study: { id: study, measurements, film_notes: [] },
    radiographs: [],
    synthetic: [],
    colour: null,
    depth: null,
    sets: [],
    taken_over: {},
    abstains: {},
    reviews: [],
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

/** Four vertebrae, each turned ten degrees against the one above. */
const COLUMN = ['T1', 'T2', 'T3', 'T4'].flatMap((level, row) =>
  (['TL', 'TR', 'BL', 'BR'] as const).map((corner) => {
    const tilt = ((10 * row - 15) * Math.PI) / 180;
    const side = corner.endsWith('L') ? -20 : 20;
    const y = 100 * row + (corner.startsWith('T') ? 0 : 60);
    const spot = { x: 100 + side * Math.cos(tilt), y: y + side * Math.sin(tilt) };
    return { name: `${level}_${corner}`, state: 'placed', ...spot };
  }),
);

function withCurve(...saved: [string, string][]): ReadCase {
  const measurements = saved.map(([upper_level, lower_level], i) => ({
    ...row(`m${i}`, i + 1),
    reader: { id: 'me' },
    method: 'vertebrae',
    landmark_set: 'set',
    landmark_revision: 1,
    upper_line: [
      [0, i],
      [1, i],
    ],
    upper_level,
    lower_level,
  }));
  return {
    ...readCase('s', measurements as unknown as Measurement[]),
    radiographs: [{ id: 'film', urls: { view: '/view' } }],
    sets: [{ id: 'set', image: 'film', revision: 1, author: { kind: 'person' }, points: COLUMN }],
    reviews: [],
  } as unknown as ReadCase;
}

const ends = () => reading.reckoning.curves.map((curve) => `${curve.upperLevel}-${curve.lowerLevel}`);

it('moves the ends of a curve, never across each other, and back', () => {
  session.begin({ user: { id: 'me' } } as Session);
  reading.open(withCurve());
  expect(ends()).toEqual(['T1-T4']);
  const whole = Math.abs(reading.reckoning.curves[0]?.angleDeg ?? 0);
  reading.moveEnd(0, 'lower', 'T3');
  expect(ends()).toEqual(['T1-T3']);
  expect(Math.abs(reading.reckoning.curves[0]?.angleDeg ?? 0)).toBeLessThan(whole);
  reading.moveEnd(0, 'upper', 'T3');
  reading.moveEnd(0, 'upper', 'L5');
  expect(ends()).toEqual(['T1-T3']);
  reading.forgetEnds();
  expect(ends()).toEqual(['T1-T4']);
});

it('gives no angle with points taken over unmoved from a model that gives none', () => {
  const abstains = { set: 'Too unsure.' };
  reading.open({ ...withCurve(), abstains });
  expect([ends(), reading.reckoning.reason]).toEqual([[], 'No angle is given. Too unsure.']);
  expect(reading.isWithheld).toBe(true);
  const reviews = [{ set: 'set', revision: 1, verdict: 'accepted' }] as unknown as ReadCase['reviews'];
  reading.open({ ...withCurve(), abstains, reviews });
  expect([ends(), reading.isWithheld]).toEqual([['T1-T4'], false]);
});

it('opens with the ends that this person saved, and calls only these saved', () => {
  session.begin({ user: { id: 'me' } } as Session);
  reading.open(withCurve(['T2', 'T4']));
  expect([ends(), reading.areCurvesSaved, reading.areEndsChosen]).toEqual([['T2-T4'], true, true]);
  reading.forgetEnds();
  expect([ends(), reading.areCurvesSaved]).toEqual([['T1-T4'], false]);
});

it('offers the end vertebrae of the last visit on which there were any, where they are labelled here', () => {
  session.begin({ user: { id: 'me' } } as Session);
  const visit = (id: string, visit_date: string, ends: string[][]) => ({ id, visit_date, ends });
  const shown = withCurve();
  Object.assign(shown.study, {
    visit_date: '2026-03-01',
    visits: [
      visit('first', '2024-01-01', [['T1', 'T2']]),
      visit('second', '2025-01-01', [
        ['T1', 'T3'],
        ['T4', 'L2'],
      ]),
      visit('third', '2026-01-01', []),
      visit('s', '2026-03-01', [['T2', 'T4']]),
      visit('later', '2026-06-01', [['T2', 'T3']]),
    ],
  });
  reading.open(shown);
  expect(reading.lastEnds).toEqual({ visit_date: '2025-01-01', ends: [['T1', 'T3']] });
  reading.takeLastEnds();
  expect(ends()).toEqual(['T1-T3']);
});

it('opens on the vertebrae that this person has measured on', () => {
  const set = (id: string) => ({
    id,
    image: 'film',
    revision: 1,
    author: { kind: 'person' },
    points: COLUMN,
  });
  const of = (reader: string) => ({
    ...row('m', 1),
    reader: { id: reader },
    method: 'vertebrae',
    landmark_set: 'second',
    landmark_revision: 1,
    upper_line: [
      [0, 0],
      [1, 0],
    ],
    upper_level: 'T1',
    lower_level: 'T4',
  });
  const open = (reader: string) =>
    reading.open({
      ...readCase('s', [of(reader) as unknown as Measurement]),
      radiographs: [{ id: 'film', urls: { view: '/view' } }],
      sets: [set('first'), set('second')],
      reviews: [],
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
