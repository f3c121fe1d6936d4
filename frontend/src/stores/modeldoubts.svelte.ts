/** What models say of the angles of the sets they placed: how far off, and when none is to be read. */
import { landmarks } from '@/api/cases';
import { ApiError } from '@/api/client';
import type { LandmarkSet, Prediction } from '@/api/types';

/** Null: the model says nothing of it. A text: why it could not be asked. */
type Told = Prediction | null | string;

export class ModelDoubts {
  private told = $state.raw<Readonly<Record<string, Told>>>({});

  /** Asks of each set that a model placed. */
  open(sets: readonly LandmarkSet[]): void {
    this.told = {};
    for (const { id, author } of sets) {
      if (id !== null && author.kind === 'model') void this.ask(id);
    }
  }

  of(set: LandmarkSet | null): Prediction | null {
    const told = this.told[set?.id ?? ''];
    return typeof told === 'object' && told?.revision === set?.revision ? told : null;
  }

  /** Why no angle of the set is shown; null where one is. None is, before the model's doubt is known. */
  whyNoAngle(set: LandmarkSet | null): string | null {
    if (set?.author.kind !== 'model') return null;
    const told = this.told[set.id ?? ''];
    if (told === undefined) return 'Asking the model how sure it is.';
    if (typeof told === 'string') return `The model could not be asked how sure it is: ${told}`;
    if (told === null) return null;
    if (told.revision !== set.revision) return 'The model has placed these points anew: load the page again.';
    return told.abstains === '' ? null : `No angle is given. ${told.abstains}`;
  }

  private async ask(set: string): Promise<void> {
    const told = await landmarks.prediction(set).catch((thrown: unknown): Told => {
      if (thrown instanceof ApiError && thrown.status === 404) return null;
      return thrown instanceof Error ? thrown.message : String(thrown);
    });
    this.told = { ...this.told, [set]: told };
  }
}
