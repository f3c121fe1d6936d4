/** The one store of the reading page: the study, the film on screen, its curves, the free lines, what was saved. */
import { cases, reviews } from '@/api/cases';
import { knownLength, measurements as api, type NewMeasurement } from '@/api/measurements';
import type { Image, LandmarkSet, Line, Measurement, ReadCase, Review, Verdict, Visit } from '@/api/types';
import { spineAlignment } from '@/core/alignment';
import { columnOf } from '@/core/column';
import { mirroredFrame, surfaceFrame } from '@/core/framing';
import type { Depth } from '@/core/npy';
import { within, type Spot } from '@/core/viewport';
import type { Curve } from '@/core/spine/cobb';
import { readingErrorDeg } from '@/core/spine/readingerror';
import { NO_LINES, angleOf, linesOf, type TwoLines } from '@/core/twolines';
import { Alike, DepthDisplay, RasterDisplay, USUAL_CLIP } from './display.svelte';
import {
  balanceOf,
  drawnLineOf,
  endsOn,
  hasVertebrae,
  keyOf,
  levelNear,
  plumbOf,
  preferred,
  reckon,
  t1TiltOf,
  type EndVertebrae,
  type Reckoning,
  type View,
} from './reckoning';
import { FilmNotes } from './filmnotes.svelte';
import { ModelDoubts } from './modeldoubts.svelte';
import { loadDepth, loadRaster } from './pictures';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';
import { ViewLink } from './viewlink.svelte';

export class Reading {
  case = $state.raw() as ReadCase;
  filmIndex = $state(0);
  setId = $state<string | null>(null);
  isDrawing = $state(false);
  lines = $state.raw<TwoLines>(NO_LINES);
  upperLevel = $state('');
  lowerLevel = $state('');
  measurements = $state.raw<readonly Measurement[]>([]);
  reviews = $state.raw<readonly Review[]>([]);
  isSaving = $state(false);
  message = $state<string | null>(null);
  readonly link = new ViewLink();
  readonly backLink = new ViewLink();
  readonly film = new RasterDisplay();
  readonly synthetic = new RasterDisplay();
  /** Both films, which are always drawn alike. */
  readonly tones = new Alike([this.film, this.synthetic]);
  readonly colour = new RasterDisplay();
  readonly depth = new DepthDisplay();
  readonly notes = new FilmNotes();
  readonly doubts = new ModelDoubts();

  readonly image = $derived<Image | null>(this.films[this.filmIndex] ?? null);
  readonly syntheticImage = $derived<Image | null>(
    this.case.synthetic.find(({ id }) => id !== this.image?.id) ?? null,
  );
  readonly sets = $derived(this.case.sets.filter((set) => set.image === this.image?.id && hasVertebrae(set)));
  readonly set = $derived(this.sets.find(({ id }) => id === this.setId) ?? null);
  /** How many of its points are where others had them. */
  readonly takenOver = $derived(this.case.taken_over[this.set?.id ?? ''] ?? []);
  /** Its angles are not shown, because the model that placed it, or that it was taken over from, gives none. */
  readonly isWithheld = $derived(
    !this.isAccepted(this.set) &&
      Boolean(this.doubts.of(this.set)?.abstains || this.case.abstains[this.set?.id ?? '']),
  );
  /** No side of a film is named before a person has confirmed which one is which. */
  readonly isSideKnown = $derived(this.image?.side_confirmed ?? false);
  readonly view = $derived({ patientRightAtImageRight: !(this.image?.display_flip ?? false) });
  /** End vertebrae that the reader chose: by set and revision, then by curve from above. */
  private chosenEnds = $state.raw<Readonly<Record<string, readonly EndVertebrae[]>>>({});
  readonly reckoning = $derived(this.reckoned(this.set, this.view, this.chosenEnds[keyOf(this.set)]));
  readonly notesHere = $derived(this.notes.list.filter(({ image }) => image === this.image?.id));
  /** The verdict that stands on the set shown. */
  readonly review = $derived(
    this.reviews.find((each) => each.set === this.set?.id && each.revision === this.set.revision) ?? null,
  );
  readonly syntheticSet = $derived(
    this.case.sets.find((set) => set.image === this.syntheticImage?.id && hasVertebrae(set)) ?? null,
  );
  readonly syntheticReckoning = $derived(
    this.reckoned(this.syntheticSet, {
      patientRightAtImageRight: !(this.syntheticImage?.display_flip ?? false),
    }),
  );
  /** Lays the synthetic film over the real one by C7 and the sacrum; null where they are not placed on both. */
  readonly alignment = $derived.by(() => {
    const [film, other] = [this.image, this.syntheticImage];
    const [to, from] = [endsOn(film, this.case.sets), endsOn(other, this.case.sets)];
    if (!film || !other || !to || !from) return null;
    return spineAlignment(from, to, film.display_flip === other.display_flip ? null : other.width);
  });
  /** Whether this person saved these curves of this very revision already. */
  readonly areCurvesSaved = $derived(
    this.reckoning.curves.length > 0 &&
      this.reckoning.curves.every(({ upperLevel, lowerLevel }) =>
        this.measurements.some(
          (row) =>
            row.landmark_set === this.set?.id &&
            row.landmark_revision === this.set?.revision &&
            row.upper_level === upperLevel &&
            row.lower_level === lowerLevel &&
            row.reader.id === session.current?.user.id,
        ),
      ),
  );
  readonly error_deg = readingErrorDeg('same', 'own');
  readonly angle = $derived(angleOf(this.lines, this.view));
  /** The one line drawn, while there is no second. */
  readonly drawnLine = $derived(drawnLineOf(this.lines, this.image, this.isSideKnown));
  readonly plumb = $derived(plumbOf(this.set, this.case.sets, this.image));
  readonly balance = $derived(balanceOf(this.plumb, this.image, this.view));
  readonly t1Tilt_deg = $derived(t1TiltOf(this.set, this.view));

  constructor(first: ReadCase) {
    this.open(first);
  }

  /** The newest first. */
  get earlierVisits(): readonly Visit[] {
    const { id, visit_date, visits } = this.case.study;
    return visits
      .filter((visit) => visit.id !== id && visit.visit_date <= visit_date)
      .toSorted((a, b) => b.visit_date.localeCompare(a.visit_date));
  }

  /** The last visit on which angles were read, with those of its levels that are labelled here too. */
  get lastEnds(): { visit_date: string; ends: readonly EndVertebrae[] } | null {
    const { levels } = columnOf(this.set?.points ?? []);
    const last = this.earlierVisits.find(({ ends }) => ends.length > 0);
    const ends = (last?.ends ?? []).flatMap(([upper = '', lower = '']): EndVertebrae[] =>
      levels.includes(upper) && levels.includes(lower) ? [[upper, lower]] : [],
    );
    return last && ends.length > 0 ? { visit_date: last.visit_date, ends } : null;
  }

  /** Measures between the same vertebrae as last time: only so can two visits be compared. */
  takeLastEnds(): void {
    if (this.lastEnds) this.chosenEnds = { ...this.chosenEnds, [keyOf(this.set)]: this.lastEnds.ends };
  }

  /** Real films first; where there is none, the synthetic one is read, marked as such. */
  get films(): readonly Image[] {
    return this.case.radiographs.length > 0 ? this.case.radiographs : this.case.synthetic;
  }

  open(next: ReadCase): void {
    this.case = next;
    this.measurements = next.study.measurements.filter(({ retracted_at }) => retracted_at === null);
    this.reviews = next.reviews;
    this.notes.open(next.study);
    this.doubts.open(next.sets.filter(hasVertebrae));
    this.showFilm(0);
    this.link.reset();
    this.backLink.reset();
  }

  showFilm(index: number): void {
    this.filmIndex = index;
    this.setId = (this.measuredSet ?? preferred(this.sets))?.id ?? null;
    this.chosenEnds = this.measuredEnds();
    this.clearLines();
    this.notes.cancel();
    void this.loadPictures();
  }

  /** The set that this person has measured on: what was saved is shown as saved, and not offered again. */
  private get measuredSet(): LandmarkSet | undefined {
    const own = this.measurements.filter(({ reader }) => reader.id === session.current?.user.id);
    return this.sets.find(({ id }) => own.some(({ landmark_set }) => landmark_set === id));
  }

  /** The end vertebrae of what this person saved on the set shown, where they are not the most tilted ones. */
  private measuredEnds(): Record<string, readonly EndVertebrae[]> {
    const { set } = this;
    const rows = this.measurements
      .filter(
        (row) =>
          row.method === 'vertebrae' &&
          row.landmark_set === set?.id &&
          row.landmark_revision === set?.revision &&
          row.reader.id === session.current?.user.id,
      )
      .toSorted((a, b) => a.upper_line[0][1] - b.upper_line[0][1]);
    const ends = rows.map((row): EndVertebrae => [row.upper_level, row.lower_level]);
    const found = reckon(set, this.view).curves.map((curve): EndVertebrae => [
      curve.upperLevel,
      curve.lowerLevel,
    ]);
    return ends.length === 0 || String(ends) === String(found) ? {} : { [keyOf(set)]: ends };
  }

  private isAccepted(set: LandmarkSet | null): boolean {
    return this.reviews.some(
      (each) => each.set === set?.id && each.revision === set.revision && each.verdict !== 'returned',
    );
  }

  /** A person took the points over as they are from a model that gives no angle with them. */
  private unmoved(set: LandmarkSet | null): string | null {
    const why = this.case.abstains[set?.id ?? ''];
    return why === undefined ? null : `No angle is given. ${why}`;
  }

  /** The curves of a set; none where the model that placed it says why not, unless a doctor took its points over. */
  private reckoned(set: LandmarkSet | null, view: View, ends?: readonly EndVertebrae[]): Reckoning {
    const reason = this.isAccepted(set) ? null : (this.doubts.whyNoAngle(set) ?? this.unmoved(set));
    return reason === null ? reckon(set, view, ends) : { curves: [], reason };
  }

  /**
   * How far off a curve may be: as readers are off of a person's vertebrae, by its own word of a model's; null where
   * that does not speak of a curve between these vertebrae.
   */
  errorOf(curve: Curve): number | null {
    if (this.set?.author.kind !== 'model') return this.error_deg;
    const told = this.doubts
      .of(this.set)
      ?.curve_doubts.find(
        (one) => one.upper_level === curve.upperLevel && one.lower_level === curve.lowerLevel,
      );
    return told?.doubt_deg ?? null;
  }

  /** A spot of the film: never outside it. */
  clamp(spot: Spot): Spot {
    return this.image === null ? spot : within(this.image, spot);
  }

  /** Local contrast of the films on and off. */
  equalise(): void {
    const clip = this.tones.clip > 0 ? 0 : USUAL_CLIP;
    this.tones.equalise(clip).catch((error: unknown) => toasts.failed(error));
  }

  clearLines(): void {
    this.lines = NO_LINES;
    this.upperLevel = '';
    this.lowerLevel = '';
  }

  /** Moves an end of a curve to another vertebra; nothing where the ends would cross. */
  moveEnd(curve: number, end: 'upper' | 'lower', level: string): void {
    const ends = this.reckoning.curves.map(({ upperLevel, lowerLevel }): EndVertebrae => [
      upperLevel,
      lowerLevel,
    ]);
    const [upper, lower] = ends[curve] ?? ['', ''];
    const moved: EndVertebrae = end === 'upper' ? [level, lower] : [upper, level];
    const { levels } = columnOf(this.set?.points ?? []);
    if (levels.indexOf(moved[0]) < 0 || levels.indexOf(moved[0]) >= levels.indexOf(moved[1])) return;
    this.chosenEnds = { ...this.chosenEnds, [keyOf(this.set)]: ends.with(curve, moved) };
  }

  /** The vertebra whose middle is nearest to a spot of the film. */
  levelNear(spot: Spot): string | null {
    return levelNear(this.set, spot);
  }

  /** The most tilted vertebrae are the ends again. */
  forgetEnds(): void {
    const key = keyOf(this.set);
    this.chosenEnds = Object.fromEntries(Object.entries(this.chosenEnds).filter(([other]) => other !== key));
  }

  get areEndsChosen(): boolean {
    return keyOf(this.set) in this.chosenEnds;
  }

  /** Saves the curves of the chosen revision; the server measures them itself. */
  async saveCurves(): Promise<void> {
    const { image, set } = this;
    if (!image || !set?.id || !this.case.may_measure || this.areCurvesSaved) return;
    if (this.reckoning.curves.length === 0) return;
    await this.save({
      method: 'vertebrae',
      image: image.id,
      landmark_set: set.id,
      revision: set.revision,
      ends: this.reckoning.curves.map(({ upperLevel, lowerLevel }): [string, string] => [
        upperLevel,
        lowerLevel,
      ]),
    });
  }

  /** Gives the film its scale: the line drawn is this long. */
  async setKnownLength(length_mm: number): Promise<void> {
    const [line] = linesOf(this.lines);
    const { image } = this;
    if (!line || !image || this.isSaving) return;
    this.isSaving = true;
    try {
      const ends: Line = [[...line[0]], [...line[1]]];
      this.replaceFilm(await knownLength.set(image.id, ends, length_mm));
      this.clearLines();
      this.isDrawing = false;
      toasts.undoable('The film has its scale.', async () =>
        this.replaceFilm(await knownLength.forget(image.id)),
      );
    } catch (thrown) {
      toasts.failed(thrown);
    } finally {
      this.isSaving = false;
    }
  }

  private replaceFilm(film: Image): void {
    const radiographs = this.case.radiographs.map((each) => (each.id === film.id ? film : each));
    this.case = { ...this.case, radiographs };
  }

  async saveLines(): Promise<void> {
    const [upper, lower] = linesOf(this.lines);
    if (!this.image || !upper || !lower) return;
    const saved = await this.save({
      method: 'lines',
      image: this.image.id,
      upper_line: [[...upper[0]], [...upper[1]]],
      lower_line: [[...lower[0]], [...lower[1]]],
      upper_level: this.upperLevel,
      lower_level: this.lowerLevel,
    });
    if (saved) {
      this.clearLines();
      this.isDrawing = false;
    }
  }

  /** Accepts, signs or returns the revision shown. Rejects where the server did not take it. */
  async judge(verdict: Verdict, note = ''): Promise<void> {
    const { set } = this;
    if (set === null || set.id === null || this.isSaving) return;
    this.isSaving = true;
    try {
      const given = await reviews.give(set.id, { verdict, revision: set.revision, note });
      this.reviews = [given, ...this.reviews.filter((each) => each.set !== set.id)];
    } finally {
      this.isSaving = false;
    }
  }

  /** Takes a measurement back; it stays in the history, and for ten seconds there is a way back. */
  async retract(measurement: Measurement): Promise<void> {
    this.drop(measurement);
    try {
      await api.retract(measurement.id);
    } catch (thrown) {
      this.put(measurement);
      toasts.failed(thrown);
      return;
    }
    toasts.undoable('The measurement is retracted.', async () => this.put(await api.restore(measurement.id)));
  }

  private drop(measurement: Measurement): void {
    this.measurements = this.measurements.filter(({ id }) => id !== measurement.id);
  }

  /** Back in its place among the others; nothing when another study is shown by now. */
  private put(measurement: Measurement): void {
    if (measurement.study !== this.case.study.id) return;
    this.drop(measurement);
    this.measurements = [...this.measurements, measurement].sort((a, b) =>
      a.created_at.localeCompare(b.created_at),
    );
  }

  private async save(body: NewMeasurement): Promise<boolean> {
    if (this.isSaving) return false;
    this.isSaving = true;
    try {
      const saved = await api.add(this.case.study.id, body);
      this.measurements = [...this.measurements, ...saved];
      toasts.good(saved.length === 1 ? 'Measurement saved.' : `${saved.length} measurements saved.`);
      return true;
    } catch (thrown) {
      toasts.failed(thrown);
      return false;
    } finally {
      this.isSaving = false;
    }
  }

  private async loadPictures(): Promise<void> {
    const { image, syntheticImage } = this;
    const { colour, depth } = this.case;
    this.film.show(null);
    this.message = image === null ? 'This study has no film yet.' : 'Loading the film';
    const loads = [
      this.loadFilm(image),
      syntheticImage && loadRaster(syntheticImage.urls.view).then((raster) => this.synthetic.show(raster)),
      colour && loadRaster(colour.urls.view).then((raster) => this.colour.show(raster)),
      depth?.urls.depth && loadDepth(depth.urls.depth).then((values) => this.showDepth(values)),
    ];
    for (const load of loads) {
      if (load) load.catch((error: unknown) => toasts.failed(error));
    }
  }

  private showDepth(depth: Depth): void {
    this.depth.show(depth);
    const isSameGrid = this.case.depth?.registered_to === this.case.colour?.id;
    if (!isSameGrid || this.backLink.view !== null) return;
    const frame = surfaceFrame(depth, this.depth.window);
    this.backLink.frame = this.case.depth?.display_flip ? mirroredFrame(frame) : frame;
  }

  private async loadFilm(image: Image | null): Promise<void> {
    if (image === null) return;
    try {
      const raster = await loadRaster(image.urls.view);
      if (this.image !== image) return;
      this.film.show(raster);
      this.message = null;
    } catch (error) {
      if (this.image === image) this.message = error instanceof Error ? error.message : String(error);
    }
  }
}

/** Fetches a study ahead, with its film. */
export async function preloadStudy(study: string): Promise<ReadCase> {
  const next = await cases.read(study);
  const first = next.radiographs[0] ?? next.synthetic[0];
  if (first) await loadRaster(first.urls.view);
  return next;
}
