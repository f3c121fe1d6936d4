import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Image, LabelCase, LandmarkSet } from '@/api/types';
import { find, type Point } from '@/core/landmarks';
import { Labelling } from './labelling.svelte';
import { Saves } from './saves.svelte';

const NAMES = ['C7', 'PSIS_L', 'PSIS_R', 'T1_TL', 'T1_TR', 'T1_BL', 'T1_BR'];

function labelCase(points: Point[] = [], image = 'image-1', display_flip = false): LabelCase {
  const set = { id: null, image, schema: 's', author: { kind: 'person', name: 'A', id: 'u' }, revision: 0 };
  return {
    image: { id: image, width: 200, height: 400, display_flip } as Image,
    depth: null,
    schema: {
      name: 's',
      title: 's',
      points: NAMES.map((name) => ({ name, title: name, hint: '' })),
      mirror_pairs: [['PSIS_L', 'PSIS_R']],
      links: [],
    },
    set: { ...set, saved_at: null, points, began_from: null } as LandmarkSet,
    others: [],
    queue: { position: 1, total: 1, next: null, previous: null },
    may_save: true,
  } as unknown as LabelCase;
}

let bodies: { points: Point[]; began_from: LandmarkSet['began_from'] }[];
let labelling: Labelling;

beforeEach(() => {
  document.cookie = 'csrftoken=t; path=/';
  vi.useFakeTimers();
  bodies = [];
  // The network ends here: every save is accepted.
  vi.stubGlobal('fetch', async (request: Request) => {
    bodies.push((await request.json()) as (typeof bodies)[number]);
    return Response.json({ revision: bodies.length, saved_at: '2026-01-01T00:00:00Z', points: [] });
  });
  labelling = new Labelling(labelCase(), new Saves('u'));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const at = (name: string) => find(labelling.points, name);

describe('a spine with another number of vertebrae', () => {
  const EXTRA = ['T13_TL', 'T13_TR', 'T13_BL', 'T13_BR'];

  beforeEach(() => {
    const shown = labelCase();
    const extras = EXTRA.map((name) => ({ name, title: name, hint: '' }));
    labelling.open({ ...shown, schema: { ...shown.schema, extras } });
  });

  const asked = () => labelling.schema.points.map(({ name }) => name);

  it('is not asked for until it is added, and then next', () => {
    expect([labelling.total, labelling.hasLevel('T13')]).toEqual([7, false]);
    labelling.toggleLevel('T13');
    expect([labelling.total, labelling.armed]).toEqual([11, 'T13_TL']);
    expect(asked().slice(-4)).toEqual(EXTRA);
    labelling.place({ x: 5, y: 5 });
    expect(at('T13_TL')?.state).toBe('placed');
    labelling.undo();
    expect(labelling.armed).toBe('T13_TL');
  });

  it('goes with its corners when it is taken out, and an undo brings both back', () => {
    labelling.toggleLevel('T13');
    labelling.place({ x: 5, y: 5 });
    labelling.toggleLevel('T13');
    expect([labelling.total, at('T13_TL')]).toEqual([7, undefined]);
    labelling.undo();
    expect([labelling.total, at('T13_TL')?.state]).toEqual([11, 'placed']);
  });

  it('stays asked for when its last corner is taken away by itself', () => {
    labelling.toggleLevel('T13');
    labelling.place({ x: 5, y: 5 });
    labelling.clear(['T13_TL']);
    expect([labelling.total, labelling.armed]).toEqual([11, 'T13_TL']);
  });

  it('lacks a usual vertebra when that is taken out', () => {
    labelling.toggleLevel('T1');
    expect(at('T1_BR')).toEqual({ name: 'T1_BR', x: null, y: null, state: 'missing' });
    expect(labelling.hasLevel('T1')).toBe(false);
    labelling.toggleLevel('T1');
    expect([at('T1_BR'), labelling.armed]).toEqual([undefined, 'T1_TL']);
  });
});

describe('placing', () => {
  it('arms the next point by itself and selects the one just placed', () => {
    expect(labelling.armed).toBe('C7');
    labelling.place({ x: 10, y: 20 });
    expect([labelling.selected, labelling.armed]).toEqual(['C7', 'PSIS_L']);
  });

  it('goes on after the last point at the first that was passed over', () => {
    labelling.select('T1_BR');
    labelling.place({ x: 1, y: 1 });
    expect(labelling.armed).toBe('C7');
  });

  it('and undone, asks for the same point again, and after a redo for the next', () => {
    labelling.place({ x: 10, y: 20 });
    labelling.place({ x: 30, y: 40 });
    labelling.undo();
    expect([labelling.selected, labelling.armed]).toEqual([null, 'PSIS_L']);
    labelling.undo();
    expect(labelling.armed).toBe('C7');
    labelling.redo();
    expect(labelling.armed).toBe('PSIS_L');
  });

  it('never places outside the image', () => {
    labelling.place({ x: -30, y: 900 });
    expect(at('C7')).toMatchObject({ x: 0, y: 400 });
  });

  it('and dragging on is one step back', () => {
    labelling.beginPlacing({ x: 10, y: 10 });
    labelling.dragTo({ x: 50, y: 60 }, false);
    labelling.endDrag();
    expect(at('C7')).toMatchObject({ x: 50, y: 60 });
    labelling.undo();
    expect(labelling.points).toEqual([]);
    labelling.redo();
    expect(at('C7')).toMatchObject({ x: 50, y: 60 });
  });
});

describe('dragging', () => {
  beforeEach(() => {
    for (const [i, name] of ['T1_TL', 'T1_TR', 'T1_BL', 'T1_BR'].entries()) {
      labelling.select(name);
      labelling.place({ x: 50 + (i % 2) * 20, y: 100 + Math.floor(i / 2) * 20 });
    }
  });

  it('moves a corner alone', () => {
    labelling.beginDrag('T1_TL');
    labelling.dragTo({ x: 40, y: 90 }, false);
    labelling.endDrag();
    expect(at('T1_TL')).toMatchObject({ x: 40, y: 90 });
    expect(at('T1_TR')).toMatchObject({ x: 70, y: 100 });
  });

  it('moves the vertebra as one with Shift, and one undo takes it back', () => {
    labelling.beginDrag('T1_TL');
    labelling.dragTo({ x: 45, y: 95 }, true);
    labelling.dragTo({ x: 55, y: 105 }, true);
    labelling.endDrag();
    expect(at('T1_BR')).toMatchObject({ x: 75, y: 125 });
    labelling.undo();
    expect(at('T1_BR')).toMatchObject({ x: 70, y: 120 });
    expect(at('T1_TL')).toMatchObject({ x: 50, y: 100 });
  });

  it('is forgotten when it is cancelled', () => {
    labelling.beginDrag('T1_TL');
    labelling.dragTo({ x: 0, y: 0 }, false);
    labelling.cancelDrag();
    expect(at('T1_TL')).toMatchObject({ x: 50, y: 100 });
  });

  it('is not saved before it ends', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    const before = bodies.length;
    labelling.beginDrag('T1_TL');
    for (let i = 0; i < 20; i += 1) {
      labelling.dragTo({ x: 40 + i, y: 90 }, false);
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(bodies.length).toBe(before);
    labelling.endDrag();
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies.at(-1)?.points.find(({ name }) => name === 'T1_TL')).toMatchObject({ x: 59, y: 90 });
  });
});

describe('states', () => {
  it('missing speaks of the next point, uncertain of the one just placed', () => {
    labelling.place({ x: 10, y: 20 });
    labelling.mark('uncertain');
    labelling.mark('missing');
    expect(at('C7')?.state).toBe('uncertain');
    expect(at('PSIS_L')?.state).toBe('missing');
    expect(labelling.armed).toBe('PSIS_R');
  });

  it('missing speaks of a point that was chosen on purpose', () => {
    labelling.place({ x: 10, y: 20 });
    labelling.select('C7');
    labelling.mark('missing');
    expect(at('C7')).toMatchObject({ x: null, state: 'missing' });
  });

  it('the same key again takes the state back', () => {
    labelling.place({ x: 10, y: 20 });
    labelling.mark('occluded');
    labelling.mark('occluded');
    expect(at('C7')?.state).toBe('placed');
  });

  it('a vertebra that is not there is missing with all its corners', () => {
    labelling.select('T1_BL');
    labelling.markVertebraMissing();
    expect(labelling.points.map(({ name }) => name)).toEqual(['T1_TL', 'T1_TR', 'T1_BL', 'T1_BR']);
  });
});

describe('keys', () => {
  it('nudge in steps, a quick run of which is one undo', () => {
    labelling.place({ x: 10, y: 20 });
    labelling.nudge(1, 0, false);
    labelling.nudge(0.1, 0, false);
    labelling.nudge(0, -10, false);
    expect(at('C7')?.x).toBeCloseTo(11.1);
    expect(at('C7')?.y).toBeCloseTo(10);
    labelling.undo();
    expect(at('C7')).toMatchObject({ x: 10, y: 20 });
  });

  it('walk over the points in order, round the ends', () => {
    labelling.step(1);
    expect(labelling.armed).toBe('PSIS_L');
    labelling.step(-1);
    labelling.step(-1);
    expect(labelling.armed).toBe('T1_BR');
  });
});

it('on a mirrored film the corner that is seen top left is stored as top right', () => {
  labelling.open(labelCase([], 'image-4', true));
  labelling.select('T1_TR');
  expect(labelling.schema.points.find(({ name }) => name === 'T1_TR')?.title).toBe('T1_TL');
  expect(labelling.schema.points.map(({ name }) => name).slice(3)).toEqual([
    'T1_TR',
    'T1_TL',
    'T1_BR',
    'T1_BL',
  ]);
  // Seen left of the middle, so stored right of it.
  labelling.place({ x: 120, y: 100 });
  expect(at('T1_TR')).toMatchObject({ x: 120 });
  expect(labelling.said).toBe('Last: place T1 TL.');
  expect(labelling.armed).toBe('T1_TL');
});

describe('the points of others', () => {
  const placed = (name: string, x: number): Point => ({ name, x, y: 30, state: 'placed' });
  const corners = ['T1_TL', 'T1_TR', 'T1_BL', 'T1_BR'].map((name, i) => placed(name, 100 + i));
  const others = [
    { id: 'b', author: { kind: 'person', name: 'B', id: 'b' }, revision: 1, points: [placed('C7', 70)] },
    {
      id: 'm',
      author: { kind: 'model', name: 'net 3', id: null },
      revision: 4,
      points: [placed('C7', 60), ...corners],
    },
  ] as LandmarkSet[];

  beforeEach(() => labelling.open({ ...labelCase(), others }));

  it('are drawn behind, a model first, until they are hidden', () => {
    expect(labelling.others.set?.id).toBe('m');
    expect(labelling.ghosts).toHaveLength(5);
    labelling.others.toggle();
    expect(labelling.ghosts).toEqual([]);
    labelling.others.choose('b');
    expect(labelling.ghosts.map(({ x }) => x)).toEqual([70]);
  });

  it('are accepted one by one, and the save names the set they came from', async () => {
    labelling.accept('C7');
    expect([at('C7')?.x, labelling.selected, labelling.armed]).toEqual([60, 'C7', 'PSIS_L']);
    expect(labelling.ghosts.map(({ name }) => name)).not.toContain('C7');
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies.at(-1)).toMatchObject({ points: [{ name: 'C7' }], began_from: { set: 'm', revision: 4 } });
  });

  it('no longer are the beginning once the acceptance is undone', async () => {
    labelling.accept('C7');
    labelling.undo();
    expect(at('C7')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies.at(-1)).toMatchObject({ points: [], began_from: null });
    labelling.redo();
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies.at(-1)?.began_from).toEqual({ set: 'm', revision: 4 });
  });

  it('bring the whole vertebra, but replace no corner of mine', () => {
    labelling.select('T1_BL');
    labelling.place({ x: 5, y: 5 });
    labelling.accept('T1_TR');
    expect(['T1_TL', 'T1_TR', 'T1_BL', 'T1_BR'].map((name) => at(name)?.x)).toEqual([100, 101, 5, 103]);
    labelling.undo();
    expect(labelling.points.map(({ name }) => name)).toEqual(['T1_BL']);
  });

  it('are accepted all at once where I have none, as one step', () => {
    labelling.place({ x: 10, y: 20 });
    expect(labelling.acceptable).toBe(4);
    labelling.acceptAll();
    expect([at('C7')?.x, at('T1_BR')?.x, labelling.acceptable]).toEqual([10, 103, 0]);
    labelling.undo();
    expect(labelling.points).toHaveLength(1);
  });

  it('are not accepted by a role that may only look', () => {
    labelling.open({ ...labelCase(), others, may_save: false });
    labelling.accept('C7');
    labelling.acceptAll();
    expect(labelling.points).toEqual([]);
  });
});

it('changes nothing for a role that may only look', () => {
  labelling.open({ ...labelCase([], 'image-3'), may_save: false });
  labelling.place({ x: 10, y: 20 });
  labelling.mark('missing');
  expect(labelling.points).toEqual([]);
  expect(labelling.said).toContain('look');
});

describe('the next case', () => {
  it('does not lose what the last one has not saved yet', async () => {
    labelling.place({ x: 10, y: 20 });
    labelling.open(labelCase([], 'image-2'));
    expect(labelling.points).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies).toHaveLength(1);
    expect(bodies[0]?.points).toMatchObject([{ name: 'C7', x: 10 }]);
  });

  it('comes back with points that are still on their way', () => {
    labelling.place({ x: 10, y: 20 });
    labelling.open(labelCase([], 'image-2'));
    labelling.open(labelCase([], 'image-1'));
    expect(at('C7')).toMatchObject({ x: 10, y: 20 });
  });
});
