import { errorFromThrown } from '@/api/errors';

export const UNDO_S = 10;

export type Tone = 'plain' | 'good' | 'bad';

export interface Toast {
  id: number;
  text: string;
  tone: Tone;
  undo: (() => void) | null;
}

/** What was just done, said once at the lower edge. Things that can be undone are done at once, with the way back. */
class ToastStore {
  list = $state<Toast[]>([]);
  #last = 0;

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

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #push(text: string, tone: Tone, undo: (() => void) | null, seconds: number): number {
    const id = ++this.#last;
    this.list = [...this.list, { id, text, tone, undo }];
    setTimeout(() => this.dismiss(id), seconds * 1000);
    return id;
  }
}

export const toasts = new ToastStore();
