/** Notes on the films of the study on screen, and the one that is being written. */
import { filmNotes as server } from '@/api/measurements';
import type { FilmNote, StudyDetail } from '@/api/types';
import type { Spot } from '@/core/viewport';
import { toasts } from './toasts.svelte';

export class FilmNotes {
  /** Those that stand, the oldest first. */
  list = $state.raw<readonly FilmNote[]>([]);
  /** The next press on the film says where the note is written. */
  isPlacing = $state(false);
  /** Where it is written, in stored pixels. */
  draft = $state.raw<Spot | null>(null);
  isBusy = $state(false);
  private study = '';

  open({ id, film_notes }: StudyDetail): void {
    this.study = id;
    this.list = film_notes.filter(({ retracted_at }) => retracted_at === null);
    this.cancel();
  }

  begin(): void {
    this.isPlacing = true;
  }

  place(spot: Spot): void {
    this.isPlacing = false;
    this.draft = spot;
  }

  cancel(): void {
    this.isPlacing = false;
    this.draft = null;
  }

  /** Saves the draft with this text; it stays where the server does not take it. */
  async write(image: string, text: string): Promise<void> {
    const { draft, study } = this;
    if (draft === null || this.isBusy) return;
    this.isBusy = true;
    try {
      this.put(await server.write(study, { image, text, ...draft }));
      this.cancel();
    } catch (thrown) {
      toasts.failed(thrown);
    } finally {
      this.isBusy = false;
    }
  }

  /** Takes a note back; it stays in the history, and for ten seconds there is a way back. */
  async retract(note: FilmNote): Promise<void> {
    this.drop(note);
    try {
      await server.retract(note.id);
    } catch (thrown) {
      this.put(note);
      toasts.failed(thrown);
      return;
    }
    toasts.undoable('The note is taken back.', async () => this.put(await server.restore(note.id)));
  }

  private drop(note: FilmNote): void {
    this.list = this.list.filter(({ id }) => id !== note.id);
  }

  /** Back in its place; nothing when another study is shown by now. */
  private put(note: FilmNote): void {
    if (note.study !== this.study) return;
    this.drop(note);
    this.list = [...this.list, note].sort((a, b) => a.created_at.localeCompare(b.created_at));
  }
}
