/** What keys and presses do on the page of blinded reading. */
import { dragged, moved, pressed, released } from '@/core/twolines';
import type { Tool } from '@/lib/viewer/gestures';
import { arrowStep, nameOf } from '@/lib/viewer/keys';
import type { BlindReading } from './reading.svelte';

/** A line shorter than this on screen was a click. */
const LEAST_CSS_PX = 5;

/** Carries out a key press; false when the key means nothing here. `end`: the line end that has the focus. */
export function press(
  event: KeyboardEvent,
  reading: BlindReading,
  end: number | null,
  help: () => void,
): boolean {
  const key = nameOf(event);
  if (reading.case.next === null) return false;
  if (key.startsWith('Arrow')) return arrow(event, reading, end);
  if (key === ' ') return setEnd(reading);
  if (/^[1-5]$/.test(key)) {
    reading.confidence = Number(key);
    return true;
  }
  const { film } = reading;
  const acts: Record<string, () => void> = {
    r: () => (reading.verdict = 'real'),
    s: () => (reading.verdict = 'synthetic'),
    l: () => reading.startLines(),
    n: () => reading.setNoAngle(!reading.hasNoAngle),
    Escape: () => reading.clearLines(),
    Enter: () => void reading.save(),
    i: () => film.set({ ...film.tone, inverted: !film.tone.inverted }),
    f: () => reading.link.fit(),
    '?': help,
  };
  acts[key]?.();
  return acts[key] !== undefined;
}

/** What a press on the film does: draw a line, or move an end. `scale`: CSS pixels per pixel of the film. */
export function toolFor(reading: BlindReading, grip: string | null, scale: number): Tool | null {
  const index = /^end-(\d)$/.exec(grip ?? '')?.[1];
  const before = reading.lines;
  const cancel = (): void => void (reading.lines = before);
  if (index !== undefined) return moving(reading, Number(index), cancel);
  if (!reading.isDrawing || (before.ends.length >= 4 && !before.isDrawing)) return null;
  return {
    press: (spot) => (reading.lines = pressed(reading.lines, reading.clamp(spot))),
    drag: (spot) => (reading.lines = dragged(reading.lines, reading.clamp(spot))),
    release: () => (reading.lines = released(reading.lines, LEAST_CSS_PX / scale)),
    cancel,
  };
}

function moving(reading: BlindReading, index: number, cancel: () => void): Tool {
  const from = reading.lines.ends[index];
  let [offX, offY] = [0, 0];
  return {
    press(spot) {
      if (from) [offX, offY] = [from.x - spot.x, from.y - spot.y];
    },
    drag(spot) {
      reading.lines = moved(reading.lines, index, reading.clamp({ x: spot.x + offX, y: spot.y + offY }));
    },
    release: () => undefined,
    cancel,
  };
}

function arrow(event: KeyboardEvent, reading: BlindReading, end: number | null): boolean {
  const step = arrowStep(event, end === null ? 8 : 1);
  if (step === null) return false;
  const { link, lines } = reading;
  const { width, height } = reading.case;
  const spot = end === null ? undefined : lines.ends[end];
  if (end !== null && spot) {
    reading.lines = moved(lines, end, reading.clamp({ x: spot.x + step.dx, y: spot.y + step.dy }));
    return true;
  }
  const at = link.target;
  const to = reading.clamp({ x: at.x * width + step.dx, y: at.y * height + step.dy });
  link.cursor = { x: to.x / width, y: to.y / height };
  link.isKeyed = true;
  return true;
}

/** A click without a pointer: begins a line at the crosshair that the keys moved, or ends the one begun. */
function setEnd(reading: BlindReading): boolean {
  const { link, lines, isDrawing } = reading;
  if (!isDrawing || !link.isKeyed || link.cursor === null) return false;
  const { width, height } = reading.case;
  const spot = reading.clamp({ x: link.cursor.x * width, y: link.cursor.y * height });
  const next = dragged(pressed(lines, spot), spot);
  reading.lines = released(next, lines.isDrawing ? 0 : Infinity);
  return true;
}
