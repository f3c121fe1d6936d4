import { beforeEach, describe, expect, it } from 'vitest';
import type { Points } from './landmarks';
import { Saver, type Pending, type SaveAnswer, type SaveRequest, type SaveStatus } from './saver';

function at(x: number): Points {
  return [{ name: 'C7', x, y: 1, state: 'placed' }];
}

const ORIGIN = { set: 'model-set', revision: 2 };
const TIME = '2026-01-01T00:00:00Z';

/** A clock that stands still until told, a server whose answers are given by hand, and a disk. */
class Bench {
  now = 0;
  timers: { at: number; call: () => void }[] = [];
  requests: SaveRequest[] = [];
  answers: ((answer: SaveAnswer | Error) => void)[] = [];
  statuses: SaveStatus[] = [];
  pending: Pending | null = null;
  unkept: string[] = [];
  diskFull = false;
  keys = 0;

  saver = this.make();

  make(): Saver {
    return new Saver(
      {
        clock: {
          now_ms: () => this.now,
          after: (delay, call) => {
            const timer = { at: this.now + delay, call };
            this.timers.push(timer);
            return () => (this.timers = this.timers.filter((other) => other !== timer));
          },
        },
        transport: (request) => {
          this.requests.push(request);
          return new Promise((resolve, reject) =>
            this.answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
          );
        },
        store: {
          put: (pending) => {
            if (this.diskFull) return Promise.reject(new Error('disk full'));
            this.pending = pending;
            return Promise.resolve();
          },
          remove: () => {
            this.pending = null;
            return Promise.resolve();
          },
        },
        newKey: () => `key-${(this.keys += 1)}`,
        onstatus: (status) => this.statuses.push(status),
        onunkept: (reason) => this.unkept.push(reason),
      },
      { points: [], revision: 3, saved_at: null },
    );
  }

  pass(ms: number): void {
    this.now += ms;
    for (const timer of this.timers.filter(({ at: due }) => due <= this.now)) {
      this.timers = this.timers.filter((other) => other !== timer);
      timer.call();
    }
  }

  async answer(answer: SaveAnswer | Error): Promise<void> {
    this.answers.shift()?.(answer);
    await new Promise((resolve) => setTimeout(resolve));
  }

  get phase(): string {
    return this.saver.status.phase;
  }
}

const ok = (revision: number): SaveAnswer => ({ kind: 'saved', revision, saved_at: TIME });
const stale = (x: number): SaveAnswer => ({
  kind: 'stale',
  theirs: { revision: 7, points: at(x), author: 'doctor', saved_at: TIME },
});
const lost: SaveAnswer = { kind: 'unreachable', detail: 'no network' };

let bench: Bench;
beforeEach(() => (bench = new Bench()));

describe('autosave', () => {
  it('saves within a second of the change, from the revision it was given', async () => {
    bench.saver.change(at(1));
    expect(bench.phase).toBe('unsaved');
    bench.pass(1000);
    expect(bench.requests).toEqual([{ key: 'key-1', revision: 3, points: at(1), began_from: null }]);
    await bench.answer(ok(4));
    expect(bench.saver.status).toEqual({ phase: 'saved', saved_at: TIME });
  });

  it('gathers a run of changes but never waits longer than a second for it to end', () => {
    for (let i = 0; i < 12; i += 1) {
      bench.saver.change(at(i));
      bench.pass(80);
    }
    expect(bench.requests.length).toBe(1);
    expect(bench.requests[0]?.points).toEqual(at(4));
  });

  it('never saves in mid-drag, and does within a second of the release', () => {
    bench.saver.change(at(1));
    bench.saver.hold();
    bench.saver.change(at(2));
    bench.pass(60_000);
    expect(bench.requests).toEqual([]);
    bench.saver.release();
    bench.pass(1000);
    expect(bench.requests[0]?.points).toEqual(at(2));
  });

  it('saves what changed while it was saving, from the new revision, under a new key', async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    bench.saver.change(at(2));
    bench.pass(5000);
    expect(bench.requests.length).toBe(1);
    await bench.answer(ok(4));
    expect(bench.phase).toBe('unsaved');
    bench.pass(500);
    expect(bench.requests[1]).toEqual({ key: 'key-2', revision: 4, points: at(2), began_from: null });
  });

  it('saves at once when the page is hidden', () => {
    bench.saver.change(at(1));
    bench.saver.flush();
    expect(bench.requests.length).toBe(1);
    bench.saver.flush();
    expect(bench.requests.length).toBe(1);
  });
});

it('counts the points that the server does not have', async () => {
  const two: Points = [...at(1), { name: 'sacrum', x: 5, y: 9, state: 'placed' }];
  bench.saver.change(two);
  expect(bench.saver.waiting).toBe(2);
  bench.pass(400);
  await bench.answer(ok(4));
  expect(bench.saver.waiting).toBe(0);
  bench.saver.change(at(3));
  expect(bench.saver.waiting).toBe(2);
  bench.saver.change(at(1));
  expect(bench.saver.waiting).toBe(1);
});

describe('a lost answer', () => {
  it('is asked for again, the same bytes under the same key, before anything newer', async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    await bench.answer(lost);
    expect(bench.saver.status).toMatchObject({ phase: 'offline', retry_at_ms: 1500 });
    bench.saver.change(at(2));
    bench.pass(1000);
    expect(bench.requests[1]).toEqual(bench.requests[0]);
    await bench.answer(ok(4));
    bench.pass(500);
    expect(bench.requests[2]).toEqual({ key: 'key-2', revision: 4, points: at(2), began_from: null });
    await bench.answer(ok(5));
    expect(bench.phase).toBe('saved');
  });

  it('backs off to half a minute, and goes at once when the network returns', async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      await bench.answer(new Error('ECONNREFUSED'));
      const sent = bench.requests.length;
      bench.pass(wait - 1);
      expect(bench.requests.length).toBe(sent);
      bench.pass(1);
      expect(bench.requests.length).toBe(sent + 1);
    }
    await bench.answer(lost);
    bench.saver.resume();
    expect(bench.phase).toBe('saving');
  });

  it('is still retried when the retry came due in mid-drag', async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    await bench.answer(lost);
    bench.saver.hold();
    bench.pass(2000);
    expect(bench.requests.length).toBe(1);
    bench.saver.release();
    bench.pass(1000);
    expect(bench.requests.length).toBe(2);
  });
});

describe('an expired login', () => {
  it('waits, takes further changes, and saves both after signing in', async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    await bench.answer({ kind: 'signed_out' });
    expect(bench.phase).toBe('signed_out');
    bench.saver.change(at(2));
    bench.pass(60_000);
    expect(bench.requests.length).toBe(1);
    bench.saver.resume();
    await bench.answer(ok(4));
    bench.pass(500);
    expect(bench.requests[2]?.points).toEqual(at(2));
  });
});

it('names the set that the points began from, until they no longer do', async () => {
  bench.saver.change(at(1), ORIGIN);
  bench.pass(500);
  expect(bench.requests[0]?.began_from).toEqual(ORIGIN);
  await bench.answer(ok(4));
  bench.saver.change(at(2));
  bench.pass(500);
  expect(bench.requests[1]?.began_from).toBeNull();
});

describe('a stale revision', () => {
  beforeEach(async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    await bench.answer(stale(99));
  });

  it('holds both versions and writes nothing', () => {
    expect(bench.saver.status).toMatchObject({
      phase: 'conflict',
      mine: at(1),
      theirs: { points: at(99), author: 'doctor' },
    });
    bench.saver.change(at(2));
    bench.pass(60_000);
    expect(bench.requests.length).toBe(1);
    expect(bench.saver.status).toMatchObject({ mine: at(2) });
  });

  it('keeps mine as the revision after theirs', async () => {
    bench.saver.keepMine();
    expect(bench.requests[1]).toEqual({ key: 'key-2', revision: 7, points: at(1), began_from: null });
    await bench.answer(ok(8));
    expect(bench.phase).toBe('saved');
  });

  it('takes theirs without writing; an undo of that is saved after theirs', () => {
    expect(bench.saver.takeTheirs()).toEqual(at(99));
    expect(bench.saver.status).toEqual({ phase: 'saved', saved_at: TIME });
    bench.pass(5000);
    expect(bench.requests.length).toBe(1);
    expect(bench.pending).toBeNull();
    bench.saver.change(at(1));
    bench.pass(500);
    expect(bench.requests[1]).toMatchObject({ revision: 7, points: at(1) });
  });
});

it('is no conflict when the other wrote the same', async () => {
  bench.saver.change(at(1));
  bench.pass(500);
  await bench.answer(stale(1));
  expect(bench.phase).toBe('saved');
});

it('says why a save was refused, and tries again after the next change', async () => {
  bench.saver.change(at(1));
  bench.pass(500);
  await bench.answer({ kind: 'refused', detail: 'C7 lies outside the image.' });
  expect(bench.saver.status).toEqual({ phase: 'refused', detail: 'C7 lies outside the image.' });
  bench.pass(60_000);
  expect(bench.requests.length).toBe(1);
  bench.saver.change(at(2));
  bench.pass(500);
  expect(bench.requests[1]).toMatchObject({ key: 'key-2', revision: 3 });
});

describe('the local copy', () => {
  it('is there from the change until the server has it', async () => {
    bench.saver.change(at(1));
    expect(bench.pending).toMatchObject({ revision: 3, points: at(1), request: null });
    bench.pass(500);
    expect(bench.pending?.request).toEqual(bench.requests[0]);
    await bench.answer(ok(4));
    expect(bench.pending).toBeNull();
  });

  it('lets the next page ask for the lost answer first, then save the rest', async () => {
    bench.saver.change(at(1));
    bench.pass(500);
    bench.saver.change(at(2));
    const left = bench.pending as Pending;
    const sent = bench.requests[0];
    bench = new Bench();
    bench.saver.adopt(left);
    expect(bench.requests[0]).toEqual(sent);
    await bench.answer(ok(4));
    bench.pass(500);
    expect(bench.requests[1]).toMatchObject({ revision: 4, points: at(2) });
  });

  it('lets the next page save what was never sent, with the set it began from', () => {
    bench.saver.change(at(1), ORIGIN);
    const left = bench.pending as Pending;
    bench = new Bench();
    bench.saver.adopt(left);
    expect(bench.requests[0]).toMatchObject({ revision: 3, points: at(1), began_from: ORIGIN });
    expect(bench.saver.origin).toEqual(ORIGIN);
  });

  it('is missed aloud when the disk is full', async () => {
    bench.diskFull = true;
    bench.saver.change(at(1));
    await new Promise((resolve) => setTimeout(resolve));
    expect(bench.unkept).toEqual(['Error: disk full']);
  });
});
