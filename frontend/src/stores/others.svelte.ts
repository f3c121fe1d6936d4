/** Other people's and models' sets on the image on screen, and which of them is drawn behind one's own points. */
import { landmarks } from '@/api/cases';
import type { LandmarkSet, Prediction, VertebraDoubt } from '@/api/types';

export class Others {
  /** Newest first. */
  sets = $state.raw<readonly LandmarkSet[]>([]);
  isShown = $state(true);
  private chosen = $state<string | null>(null);
  readonly set = $derived(this.sets.find(({ id }) => id === this.chosen) ?? preferred(this.sets));
  readonly drawn = $derived(this.isShown ? this.set : null);
  areEllipsesShown = $state(true);
  private prediction = $state.raw<Prediction | null>(null);
  /** How far each of a model's drawn points may lie from its place, by name. */
  readonly doubts = $derived(this.isToldOf(this.drawn) ? (this.prediction?.covariance_px2 ?? {}) : {});

  /** What the model would have a person look at. */
  readonly doubted = $derived.by((): readonly VertebraDoubt[] => {
    if (this.prediction === null || !this.isToldOf(this.drawn)) return [];
    const { abstains, doubts } = this.prediction;
    return abstains === '' ? doubts : [{ levels: [], text: abstains }, ...doubts];
  });

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

  toggleEllipses(): void {
    this.areEllipsesShown = !this.areEllipsesShown;
  }

  /** Asks how sure a model was of the set that is drawn. Rejects where the server cannot say. */
  async askHowSure(): Promise<void> {
    const { drawn } = this;
    if (drawn?.id === undefined || drawn.id === null || drawn.author.kind !== 'model') return;
    if (!this.isToldOf(drawn)) this.prediction = await landmarks.prediction(drawn.id);
  }

  /** A model that has placed the points anew since speaks of other points. */
  private isToldOf(set: LandmarkSet | null): boolean {
    return this.prediction?.set === set?.id && this.prediction?.revision === set?.revision;
  }
}

/** A model's set first: it is there to be looked through. */
function preferred(sets: readonly LandmarkSet[]): LandmarkSet | null {
  return sets.find(({ author }) => author.kind === 'model') ?? sets[0] ?? null;
}
