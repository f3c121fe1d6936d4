/** Other people's and models' sets on the image on screen, and which of them is drawn behind one's own points. */
import type { LandmarkSet } from '@/api/types';

export class Others {
  /** Newest first. */
  sets = $state.raw<readonly LandmarkSet[]>([]);
  isShown = $state(true);
  private chosen = $state<string | null>(null);
  readonly set = $derived(this.sets.find(({ id }) => id === this.chosen) ?? preferred(this.sets));
  readonly drawn = $derived(this.isShown ? this.set : null);

  open(sets: readonly LandmarkSet[]): void {
    this.sets = sets;
    this.chosen = null;
  }

  choose(id: string): void {
    this.chosen = id;
    this.isShown = true;
  }

  toggle(): void {
    this.isShown = !this.isShown;
  }
}

/** A model's set first: it is there to be looked through. */
function preferred(sets: readonly LandmarkSet[]): LandmarkSet | null {
  return sets.find(({ author }) => author.kind === 'model') ?? sets[0] ?? null;
}
