/** Other people's and models' sets on the image on screen, and which of them is drawn behind one's own points. */
import { landmarks } from '@/api/cases';
import type { LandmarkSet, Prediction, VertebraDoubt } from '@/api/types';

export class Others {
  /** Newest first. */
  sets = $state.raw<readonly LandmarkSet[]>([]);
  isShown = $state(true);
  private chosen = $state<string | null>(null);
  /** What models said of their sets, by set: a slow answer never takes the place of another set's. */
  private told = $state.raw<Readonly<Record<string, Prediction>>>({});
  readonly set = $derived(this.sets.find(({ id }) => id === this.chosen) ?? preferred(this.sets, this.told));
  readonly drawn = $derived(this.isShown ? this.set : null);
  areEllipsesShown = $state(true);
  /** Of the set that is drawn; a model that has placed the points anew since speaks of other points. */
  private readonly prediction = $derived.by(() => {
    const told = this.told[this.drawn?.id ?? ''];
    return told?.revision === this.drawn?.revision ? told : undefined;
  });
  /** How far each of a model's drawn points may lie from its place, by name. */
  readonly doubts = $derived(this.prediction?.covariance_px2 ?? {});

  /** What the model would have a person look at. */
  readonly doubted = $derived.by((): readonly VertebraDoubt[] => {
    if (this.prediction === undefined) return [];
    const { abstains, doubts, model_version } = this.prediction;
    const said = model_version.state === 'retired' ? ['This model is no longer in use.'] : [];
    if (abstains !== '') said.push(abstains);
    return [...said.map((text) => ({ levels: [], text })), ...doubts];
  });

  open(sets: readonly LandmarkSet[]): void {
    this.sets = sets;
    this.chosen = null;
    this.told = {};
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
    const { drawn, sets } = this;
    if (drawn?.id === undefined || drawn.id === null || drawn.author.kind !== 'model' || this.prediction)
      return;
    const said = await landmarks.prediction(drawn.id);
    if (this.sets === sets) this.told = { ...this.told, [said.set]: said };
  }
}

/** A model's set first, it is there to be looked through; that of a retired one only where there is no other. */
function preferred(
  sets: readonly LandmarkSet[],
  told: Readonly<Record<string, Prediction>>,
): LandmarkSet | null {
  const ofModels = sets.filter(({ author }) => author.kind === 'model');
  const inUse = ofModels.find(({ id }) => told[id ?? '']?.model_version.state !== 'retired');
  return inUse ?? ofModels[0] ?? sets[0] ?? null;
}
