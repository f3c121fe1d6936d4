/** One reader's way through a blinded study: the film on screen and what is said of it so far. */
import { readerStudies, type BlindCase, type BlindVerdict, type NewBlindReading } from '@/api/readerstudies';
import { errorFromThrown } from '@/api/errors';
import { LEVELS } from '@/core/spine/levels';
import { angleOf, linesOf, NO_LINES, type TwoLines } from '@/core/twolines';
import { within, type Spot } from '@/core/viewport';
import { RasterDisplay } from '@/stores/display.svelte';
import { loadRaster, PictureError } from '@/stores/pictures';
import { toasts } from '@/stores/toasts.svelte';
import { ViewLink } from '@/stores/viewlink.svelte';
import type { Line } from '@/api/types';
import { Stopwatch } from './stopwatch';

const CONFLICT = 409;

export class BlindReading {
  case: BlindCase = $state.raw() as BlindCase;
  verdict = $state<BlindVerdict | null>(null);
  confidence = $state<number | null>(null);
  lines = $state.raw<TwoLines>(NO_LINES);
  isDrawing = $state(false);
  /** The reader says that no angle can be read on this film. */
  hasNoAngle = $state(false);
  upperLevel = $state('');
  lowerLevel = $state('');
  isSaving = $state(false);
  /** Why the film is not there. */
  problem = $state<string | null>(null);
  readonly film = new RasterDisplay();
  readonly link = new ViewLink();
  private watch: Stopwatch | null = null;

  readonly angle = $derived(angleOf(this.lines, {}));
  readonly isOrdered = $derived(rank(this.upperLevel) < rank(this.lowerLevel));
  readonly hasAngle = $derived(this.angle !== null && this.upperLevel !== '' && this.isOrdered);
  /** What is still to be said; null when the film can be saved. */
  readonly missing = $derived.by(() => {
    if (this.film.picture === null) return 'the film';
    if (this.verdict === null) return 'real or synthetic';
    if (this.confidence === null) return 'how sure you are';
    if (this.hasNoAngle || this.hasAngle) return null;
    return this.angle === null ? 'the angle, by two lines' : 'the levels of the two lines';
  });

  constructor(first: BlindCase) {
    this.open(first);
  }

  open(next: BlindCase): void {
    this.case = next;
    [this.verdict, this.confidence, this.hasNoAngle] = [null, null, false];
    [this.upperLevel, this.lowerLevel] = ['', ''];
    this.clearLines();
    this.link.reset();
    this.film.show(null);
    this.watch =
      next.next && new Stopwatch(`blind:${next.next.film}`, sessionStorage, () => performance.now());
    void this.load();
  }

  async load(): Promise<void> {
    const film = this.case.next;
    if (film === null) return;
    this.problem = null;
    try {
      const raster = await loadRaster(film.url);
      if (this.case.next?.film !== film.film) return;
      this.film.show(raster);
      this.setInSight(!document.hidden);
      // So that the next film is there at once; a failure is told when it is opened.
      if (film.following_url !== null) loadRaster(film.following_url).catch(() => undefined);
    } catch (thrown) {
      this.problem = thrown instanceof PictureError ? thrown.message : errorFromThrown(thrown).message;
    }
  }

  /** The time taken counts only while the film is there and the window is not hidden. */
  setInSight(isSeen: boolean): void {
    if (isSeen && this.film.picture !== null) this.watch?.run();
    else this.watch?.pause();
  }

  startLines(): void {
    if (this.lines.ends.length >= 4 && !this.lines.isDrawing) this.lines = NO_LINES;
    this.hasNoAngle = false;
    this.isDrawing = true;
  }

  clearLines(): void {
    this.isDrawing = false;
    this.lines = NO_LINES;
  }

  setNoAngle(isSo: boolean): void {
    this.hasNoAngle = isSo;
    if (isSo) this.clearLines();
  }

  clamp(spot: Spot): Spot {
    return within(this.case, spot);
  }

  /** Saves for good, and opens the next film. */
  async save(): Promise<void> {
    const film = this.case.next;
    if (film === null || this.missing !== null || this.isSaving) return;
    this.isSaving = true;
    try {
      this.watch?.pause();
      const next = await readerStudies.read(this.case.id, film.film, this.said());
      this.watch?.forget();
      this.open(next);
    } catch (thrown) {
      const error = errorFromThrown(thrown);
      toasts.failed(error);
      // Read already (an answer was lost, or in another tab), or closed: the server knows what comes next.
      if (error.status === CONFLICT) await this.resume();
      else this.setInSight(!document.hidden);
    } finally {
      this.isSaving = false;
    }
  }

  private async resume(): Promise<void> {
    try {
      this.open(await readerStudies.next(this.case.id));
    } catch (thrown) {
      toasts.failed(thrown);
    }
  }

  private said(): NewBlindReading {
    const seconds = Math.round((this.watch?.seconds ?? 0) * 10) / 10;
    const verdict = this.verdict ?? 'real';
    const about = { verdict, confidence: this.confidence ?? 1, seconds };
    const [upper, lower] = linesOf(this.lines);
    if (this.hasNoAngle || !upper || !lower) return about;
    const levels = { upper_level: this.upperLevel, lower_level: this.lowerLevel };
    return { ...about, ...levels, upper_line: plain(upper), lower_line: plain(lower) };
  }
}

function plain([a, b]: readonly [readonly [number, number], readonly [number, number]]): Line {
  return [
    [a[0], a[1]],
    [b[0], b[1]],
  ];
}

function rank(level: string): number {
  return LEVELS.findIndex((each) => each === level);
}
