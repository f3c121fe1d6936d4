/** Other people's and models' sets on the image on screen, and which of them is drawn behind one's own points. */
import { landmarks } from '@/api/cases';
import type { LandmarkSet, Prediction, VertebraDoubt } from '@/api/types';

export class Others {
  /** Newest first. */
  sets = $state.raw<readonly LandmarkSet[]>([]);
  isShown = $state(true);
  private chosen = $state<string | null>(null);
  /** The sets of models found to be retired. */
  private retired = $state.raw<ReadonlySet<string>>(new Set());
  readonly set = $derived(
    this.sets.find(({ id }) => id === this.chosen) ?? preferred(this.sets, this.retired),
  );
  readonly drawn = $derived(this.isShown ? this.set : null);
  areEllipsesShown = $state(true);
  private prediction = $state.raw<Prediction | null>(null);
  /** How far each of a model's drawn points may lie from its place, by name. */
  readonly doubts = $derived(this.isToldOf(this.drawn) ? (this.prediction?.covariance_px2 ?? {}) : {});

  /** What the model would have a person look at. */
  readonly doubted = $derived.by((): readonly VertebraDoubt[] => {
    if (this.prediction === null || !this.isToldOf(this.drawn)) return [];
    const { abstains, doubts, model_version } = this.prediction;
    const said = model_version.state === 'retired' ? ['This model is no longer in use.'] : [];
    if (abstains !== '') said.push(abstains);
    return [...said.map((text) => ({ levels: [], text })), ...doubts];
  });

  open(sets: readonly LandmarkSet[]): void {
    this.sets = sets;
    this.chosen = null;
    this.retired = new Set();
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

  /**
   * Asks how sure a model was of the set that is drawn; another's is drawn instead where that model has retired
   * and nobody asked for it. Rejects where the server cannot say.
   */
  async askHowSure(): Promise<void> {
    const { drawn } = this;
    if (drawn?.id === undefined || drawn.id === null || drawn.author.kind !== 'model') return;
    if (this.isToldOf(drawn)) return;
    this.prediction = await landmarks.prediction(drawn.id);
    if (this.prediction.model_version.state === 'retired')
      this.retired = new Set([...this.retired, drawn.id]);
  }

  /** A model that has placed the points anew since speaks of other points. */
  private isToldOf(set: LandmarkSet | null): boolean {
    return this.prediction?.set === set?.id && this.prediction?.revision === set?.revision;
  }
}

/** A model's set first, it is there to be looked through; that of a retired one only where there is no other. */
function preferred(sets: readonly LandmarkSet[], retired: ReadonlySet<string>): LandmarkSet | null {
  const ofModels = sets.filter(({ author }) => author.kind === 'model');
  return ofModels.find(({ id }) => !retired.has(id ?? '')) ?? ofModels[0] ?? sets[0] ?? null;
}
