import { errorFromThrown } from '@/api/errors';

export const UNDO_S = 10;

export type Tone = 'plain' | 'good' | 'bad';

export interface Toast {
  id: number;
  text: string;
  tone: Tone;
  undo: (() => void) | null;
}

interface Deferred {
  timer: ReturnType<typeof setTimeout>;
  commit: () => void;
}

/**
 * What was just done, said once at the lower edge. Things that can be undone are done at once (or, where the server
 * cannot take them back, held for ten seconds and sent when the time is up or the page is left).
 */
class ToastStore {
  list = $state<Toast[]>([]);
  #last = 0;
  #deferred = new Map<number, Deferred>();

  constructor() {
    if (typeof window !== 'undefined') window.addEventListener('pagehide', () => this.flush());
  }

  say(text: string, tone: Tone = 'plain', seconds = 5): number {
    return this.#push(text, tone, null, seconds);
  }

  good(text: string): number {
    return this.say(text, 'good');
  }

  /** Says why a request failed; stays longer, because it has to be read. */
  failed(thrown: unknown): number {
    return this.say(errorFromThrown(thrown).message, 'bad', 12);
  }

  /** Something already done, with the way back. */
  undoable(text: string, undo: () => void | Promise<void>): number {
    const id = this.#push(
      text,
      'plain',
      () => {
        this.dismiss(id);
        Promise.resolve(undo()).catch((thrown: unknown) => this.failed(thrown));
      },
      UNDO_S,
    );
    return id;
  }

  /**
   * Something shown as done now and sent in ten seconds, because the server has no way back from it.
   * `commit(keepalive)` gets true when the page is going away.
   */
  deferred(text: string, commit: (keepalive: boolean) => Promise<unknown>, undo: () => void): number {
    const id = this.#push(
      text,
      'plain',
      () => {
        this.#cancel(id);
        this.dismiss(id);
        undo();
      },
      UNDO_S,
    );
    const send = (keepalive: boolean) => {
      this.#cancel(id);
      commit(keepalive).catch((thrown: unknown) => {
        undo();
        this.failed(thrown);
      });
    };
    this.#deferred.set(id, { timer: setTimeout(() => send(false), UNDO_S * 1000), commit: () => send(true) });
    return id;
  }

  /** Sends everything still held: the page is going away. */
  flush(): void {
    for (const held of [...this.#deferred.values()]) held.commit();
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #cancel(id: number): void {
    const held = this.#deferred.get(id);
    if (held !== undefined) clearTimeout(held.timer);
    this.#deferred.delete(id);
  }

  #push(text: string, tone: Tone, undo: (() => void) | null, seconds: number): number {
    const id = ++this.#last;
    this.list = [...this.list, { id, text, tone, undo }];
    setTimeout(() => this.dismiss(id), seconds * 1000);
    return id;
  }
}

export const toasts = new ToastStore();
