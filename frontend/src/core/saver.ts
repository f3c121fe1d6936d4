/**
 * Autosave of one landmark set: a state machine with its clock, its transport and its local queue handed in.
 *
 * It saves within a second of the last change, never while a pointer holds a point, and never writes over
 * anybody: every save names the revision it was made from. A save whose answer was lost is sent again, the same
 * bytes under the same key, before anything newer; so the server's own answer, not a guess, says what is stored.
 */
import { find, samePoint, samePoints, type Origin, type Points } from './landmarks';

export interface SaveRequest {
  /** The idempotency key: one per content, kept over every retry. */
  readonly key: string;
  readonly revision: number;
  readonly points: Points;
  /** The other set that some of the points were taken from. */
  readonly began_from: Origin | null;
}

export type SaveAnswer =
  | { readonly kind: 'saved'; readonly revision: number; readonly saved_at: string }
  | { readonly kind: 'stale'; readonly theirs: OtherVersion }
  | { readonly kind: 'signed_out' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string };

export type Transport = (request: SaveRequest) => Promise<SaveAnswer>;

export interface Clock {
  now_ms(): number;
  /** Calls back once after `delay_ms`; the answer cancels it. */
  after(delay_ms: number, callback: () => void): () => void;
}

/** What somebody else, or this person elsewhere, saved meanwhile. */
export interface OtherVersion {
  readonly points: Points;
  readonly revision: number;
  readonly author: string;
  readonly saved_at: string | null;
}

/** What is kept on this computer until the server has it: ids and coordinates only. */
export interface Pending {
  readonly revision: number;
  readonly points: Points;
  readonly began_from: Origin | null;
  /** The save whose answer is not known yet. */
  readonly request: SaveRequest | null;
  readonly changed_ms: number;
}

export interface PendingStore {
  put(pending: Pending): Promise<void>;
  remove(): Promise<void>;
}

export type SaveStatus =
  | { readonly phase: 'saved'; readonly saved_at: string | null }
  | { readonly phase: 'unsaved' }
  | { readonly phase: 'saving' }
  | { readonly phase: 'offline'; readonly detail: string; readonly retry_at_ms: number }
  | { readonly phase: 'signed_out' }
  | { readonly phase: 'conflict'; readonly mine: Points; readonly theirs: OtherVersion }
  | { readonly phase: 'refused'; readonly detail: string };

export interface SaverOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly store: PendingStore;
  readonly newKey: () => string;
  readonly onstatus: (status: SaveStatus) => void;
  /** The local copy could not be written (private window, full disk): unsaved work lives in this page only. */
  readonly onunkept: (reason: string) => void;
}

export const DEBOUNCE_MS = 400;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

export class Saver {
  status: SaveStatus;
  private points: Points;
  /** What the server has, as far as it has told. */
  private stored: Points;
  private beganFrom: Origin | null = null;
  private revision: number;
  private request: SaveRequest | null = null;
  private unsent = false;
  private sending = false;
  private held = false;
  private failures = 0;
  private cancelTimer: (() => void) | null = null;

  constructor(
    private readonly options: SaverOptions,
    start: { points: Points; revision: number; saved_at: string | null },
  ) {
    this.points = this.stored = start.points;
    this.revision = start.revision;
    this.status = { phase: 'saved', saved_at: start.saved_at };
  }

  /** Takes up what an earlier page left unsaved. */
  adopt(pending: Pending): void {
    this.points = pending.points;
    this.beganFrom = pending.began_from;
    this.revision = pending.revision;
    this.request = pending.request;
    this.unsent = pending.request === null || !samePoints(pending.request.points, pending.points);
    this.keep();
    this.send();
  }

  /** The points as they should become. */
  get content(): Points {
    return this.points;
  }

  /** How many of the points the server does not have as they are here, the ones taken away included. */
  get waiting(): number {
    const names = new Set([...this.points, ...this.stored].map(({ name }) => name));
    return [...names].filter((name) => !samePoint(find(this.points, name), find(this.stored, name))).length;
  }

  /** The other set that they began from, for a page that takes them up. */
  get origin(): Origin | null {
    return this.beganFrom;
  }

  /** After every command. */
  change(points: Points, beganFrom: Origin | null = null): void {
    this.points = points;
    this.beganFrom = beganFrom;
    this.unsent = true;
    this.keep();
    if (this.status.phase === 'conflict') this.enter({ ...this.status, mine: points });
    else if (this.status.phase === 'saved' || this.status.phase === 'refused')
      this.enter({ phase: 'unsaved' });
    this.schedule();
  }

  /** A pointer holds a point: nothing is saved until it lets go. */
  hold(): void {
    this.held = true;
    if (this.status.phase === 'unsaved') this.stopTimer();
  }

  release(): void {
    this.held = false;
    this.schedule();
  }

  /** Saves now: the page is hidden, or the next case is wanted. */
  flush(): void {
    if (this.status.phase === 'unsaved' || this.status.phase === 'offline') this.send();
  }

  /** The network is back, the person signed in again, or asks for another try. */
  resume(): void {
    if (['signed_out', 'offline', 'refused'].includes(this.status.phase)) this.send();
  }

  /** Ends a conflict for my points: they become the revision after theirs, which stays in the history. */
  keepMine(): void {
    if (this.status.phase !== 'conflict') return;
    this.revision = this.status.theirs.revision;
    this.unsent = true;
    this.enter({ phase: 'unsaved' });
    this.keep();
    this.send();
  }

  /** Ends a conflict for their points, which it returns: the page shows them as a step that undo takes back. */
  takeTheirs(): Points | null {
    if (this.status.phase !== 'conflict') return null;
    const { theirs } = this.status;
    this.accept(theirs);
    return theirs.points;
  }

  dispose(): void {
    this.stopTimer();
  }

  private schedule(): void {
    const due = this.status.phase === 'unsaved' || this.status.phase === 'offline';
    if (due && !this.held && !this.sending && this.cancelTimer === null) this.startTimer(DEBOUNCE_MS);
  }

  private send(): void {
    if (this.sending || this.held) return;
    if (this.request === null && !this.unsent) return;
    this.stopTimer();
    if (this.request === null) {
      const { points, revision, beganFrom } = this;
      this.request = { key: this.options.newKey(), revision, points, began_from: beganFrom };
      this.unsent = false;
      this.keep();
    }
    this.sending = true;
    this.enter({ phase: 'saving' });
    const lost = (error: unknown): SaveAnswer => ({ kind: 'unreachable', detail: String(error) });
    void this.options
      .transport(this.request)
      .catch(lost)
      .then((answer) => this.hear(answer));
  }

  private hear(answer: SaveAnswer): void {
    this.sending = false;
    if (answer.kind !== 'unreachable') this.failures = 0;
    switch (answer.kind) {
      case 'saved':
        return this.saved(answer.revision, answer.saved_at);
      case 'stale':
        return this.stale(answer.theirs);
      case 'signed_out':
        return this.enter({ phase: 'signed_out' });
      case 'refused':
        this.request = null;
        this.unsent = true;
        this.keep();
        return this.enter({ phase: 'refused', detail: answer.detail });
      case 'unreachable':
        return this.retryLater(answer.detail);
    }
  }

  private saved(revision: number, saved_at: string): void {
    this.stored = this.request?.points ?? this.stored;
    this.request = null;
    this.revision = revision;
    if (this.unsent) {
      this.keep();
      this.enter({ phase: 'unsaved' });
      return this.schedule();
    }
    this.forget();
    this.enter({ phase: 'saved', saved_at });
  }

  private stale(theirs: OtherVersion): void {
    this.request = null;
    this.stored = theirs.points;
    this.unsent = true;
    if (samePoints(theirs.points, this.points)) return this.accept(theirs);
    this.keep();
    this.enter({ phase: 'conflict', mine: this.points, theirs });
  }

  private accept(theirs: OtherVersion): void {
    this.points = this.stored = theirs.points;
    this.beganFrom = null;
    this.revision = theirs.revision;
    this.request = null;
    this.unsent = false;
    this.forget();
    this.enter({ phase: 'saved', saved_at: theirs.saved_at });
  }

  private retryLater(detail: string): void {
    const delay_ms = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    this.failures += 1;
    this.enter({ phase: 'offline', detail, retry_at_ms: this.options.clock.now_ms() + delay_ms });
    this.startTimer(delay_ms);
  }

  private keep(): void {
    const { points, revision, request, beganFrom } = this;
    const changed_ms = this.options.clock.now_ms();
    const pending = { points, revision, request, began_from: beganFrom, changed_ms };
    this.options.store.put(pending).catch((error: unknown) => this.options.onunkept(String(error)));
  }

  private forget(): void {
    this.options.store.remove().catch((error: unknown) => this.options.onunkept(String(error)));
  }

  private enter(status: SaveStatus): void {
    this.status = status;
    this.options.onstatus(status);
  }

  private startTimer(delay_ms: number): void {
    this.stopTimer();
    this.cancelTimer = this.options.clock.after(delay_ms, () => {
      this.cancelTimer = null;
      this.send();
    });
  }

  private stopTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}
