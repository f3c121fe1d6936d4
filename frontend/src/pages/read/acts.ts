/** What each key of the reading page does to its store. */
import { dragged, moved, pressed, released } from '@/core/twolines';
import { arrowStep, nameOf } from '@/lib/viewer/keys';
import type { Reading } from '@/stores/reading.svelte';

export interface PageActs {
  next(): void;
  previous(): void;
  help(): void;
  cycleMode(): void;
}

/** Carries out a key press; false when the key means nothing here. `end`: the line end that has the focus. */
export function press(event: KeyboardEvent, reading: Reading, page: PageActs, end: number | null): boolean {
  const key = nameOf(event);
  if (key.startsWith('Arrow')) return arrow(event, reading, end);
  const { tones } = reading;
  const acts: Record<string, () => void> = {
    l: () => startLines(reading),
    Enter: () => setSpot(reading),
    Escape: () => (reading.notes.isPlacing ? reading.notes.cancel() : stopLines(reading)),
    t: () => startNote(reading),
    s: () => void reading.saveCurves(),
    i: () => tones.set({ ...tones.tone, inverted: !tones.tone.inverted }),
    e: () => reading.equalise(),
    f: () => reading.link.fit(),
    c: () => page.cycleMode(),
    n: () => page.next(),
    p: () => page.previous(),
    '?': () => page.help(),
  };
  acts[key]?.();
  return acts[key] !== undefined;
}

export function startLines(reading: Reading): void {
  if (!reading.case.may_measure) return;
  if (reading.lines.ends.length >= 4 && !reading.lines.isDrawing) reading.clearLines();
  reading.isDrawing = true;
}

/** The next press on the film, or Enter at the crosshair, says where the note is written. */
function startNote(reading: Reading): void {
  if (reading.case.may_measure && reading.image !== null) reading.notes.begin();
}

export function stopLines(reading: Reading): void {
  reading.isDrawing = false;
  reading.clearLines();
}

function arrow(event: KeyboardEvent, reading: Reading, end: number | null): boolean {
  const { image, link } = reading;
  const step = arrowStep(event, end === null ? 8 : 1);
  if (step === null || image === null) return false;
  const turn = image.display_flip ? -1 : 1;
  const spot = end === null ? undefined : reading.lines.ends[end];
  if (end !== null && spot) {
    const to = reading.clamp({ x: spot.x + step.dx * turn, y: spot.y + step.dy });
    reading.lines = moved(reading.lines, end, to);
    return true;
  }
  const at = link.target;
  link.cursor = { x: share(at.x + step.dx / image.width), y: share(at.y + step.dy / image.height) };
  link.isKeyed = true;
  return true;
}

/** A click without a pointer: places a note at the crosshair, begins a line there, or ends the one begun. */
function setSpot(reading: Reading): void {
  const { image, link, lines, notes } = reading;
  if (image === null || link.cursor === null || !(reading.isDrawing || notes.isPlacing)) return;
  const x = (image.display_flip ? 1 - link.cursor.x : link.cursor.x) * image.width;
  const spot = reading.clamp({ x, y: link.cursor.y * image.height });
  if (notes.isPlacing) {
    notes.place(spot);
    return;
  }
  const wasDrawing = lines.isDrawing;
  const next = dragged(pressed(lines, spot), spot);
  reading.lines = wasDrawing ? released(next, 0) : released(next, Infinity);
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
