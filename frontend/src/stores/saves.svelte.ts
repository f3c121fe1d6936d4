/** The savers of this page: one for the case on screen, and those of earlier cases until the server has them. */
import { landmarks } from '@/api/cases';
import { ApiError } from '@/api/client';
import { isAbort } from '@/api/errors';
import type { LandmarkSet } from '@/api/types';
import { Saver, type Clock, type SaveAnswer, type SaveRequest, type SaveStatus } from '@/core/saver';
import type { Points } from '@/core/landmarks';
import { newId, pendingStore, takeAbandoned, type CaseKey } from './pending';

const ANSWER_WITHIN_MS = 20_000;

const clock: Clock = {
  now_ms: () => Date.now(),
  after: (delay_ms, callback) => {
    const timer = setTimeout(callback, delay_ms);
    return () => clearTimeout(timer);
  },
};

/** One landmark set on its way to the server. */
export class Save {
  status = $state.raw<SaveStatus>({ phase: 'saved', saved_at: null });
  /** Why the local copy could not be written; null while it can. */
  unkept = $state<string | null>(null);
  readonly saver: Saver;

  constructor(
    readonly key: CaseKey,
    start: { points: Points; revision: number; saved_at: string | null },
  ) {
    const options = {
      transport: (request: SaveRequest) => put(key, request),
      clock,
      store: pendingStore(key),
      newKey: newId,
      onstatus: (status: SaveStatus) => (this.status = status),
      onunkept: (reason: string) => (this.unkept = reason),
    };
    this.saver = new Saver(options, start);
    this.status = this.saver.status;
  }

  get isSettled(): boolean {
    return this.status.phase === 'saved';
  }
}

export class Saves {
  current = $state.raw<Save | null>(null);
  /** Earlier cases that are not saved yet. */
  others = $state.raw<readonly Save[]>([]);
  readonly waiting = $derived(this.others.filter((save) => !save.isSettled));

  constructor(private readonly user: string) {}

  /** The saver of a case now on screen; the one that still has work for it, when there is one. */
  open(set: LandmarkSet): Save {
    if (this.current !== null && !this.current.isSettled) this.others = [...this.waiting, this.current];
    this.current?.saver.flush();
    const key = { user: this.user, image: set.image, schema: set.schema };
    const known = this.waiting.find((save) => sameCase(save.key, key));
    this.others = this.waiting.filter((save) => save !== known);
    this.current = known ?? new Save(key, set);
    return this.current;
  }

  /** Takes up what closed pages left. The answer is the points left for the case on screen, or null. */
  async recover(): Promise<Points | null> {
    let shown: Points | null = null;
    for (const { pending, ...key } of await takeAbandoned(this.user)) {
      const isCurrent = this.current !== null && sameCase(this.current.key, key);
      const save = isCurrent && this.current ? this.current : new Save(key, { ...pending, saved_at: null });
      if (isCurrent) shown = pending.points;
      else this.others = [...this.others, save];
      save.saver.adopt(pending);
    }
    return shown;
  }

  /** The page is hidden or left: what waits goes now. */
  flush(): void {
    for (const save of [this.current, ...this.others]) save?.saver.flush();
  }

  /** The network is back, or the person asks for another try. */
  push(): void {
    this.flush();
    for (const save of [this.current, ...this.others]) save?.saver.resume();
  }
}

function sameCase(a: CaseKey, b: CaseKey): boolean {
  return a.user === b.user && a.image === b.image && a.schema === b.schema;
}

async function put(key: CaseKey, request: SaveRequest): Promise<SaveAnswer> {
  try {
    const { data } = await landmarks.save({ ...key, ...request }, AbortSignal.timeout(ANSWER_WITHIN_MS));
    return { kind: 'saved', revision: data.revision, saved_at: data.saved_at ?? new Date().toISOString() };
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) {
      return {
        kind: 'unreachable',
        detail: isAbort(thrown) ? 'The server did not answer in time.' : String(thrown),
      };
    }
    if (thrown.status === 401) return { kind: 'signed_out' };
    if (thrown.status === 412) return stale(thrown);
    return { kind: thrown.retryable ? 'unreachable' : 'refused', detail: thrown.message };
  }
}

function stale(error: ApiError): SaveAnswer {
  const current = (error.body as { current?: LandmarkSet } | undefined)?.current;
  if (current === undefined) return { kind: 'refused', detail: error.message };
  const { points, revision, saved_at, author } = current;
  return { kind: 'stale', theirs: { points, revision, saved_at, author: author.name } };
}
