/** What a press on the film does: draw one of the two free lines, move an end of them, or of a curve. */
import { dragged, moved, pressed, released } from '@/core/twolines';
import type { Spot } from '@/core/viewport';
import type { Tool } from '@/lib/viewer/gestures';
import type { Reading } from '@/stores/reading.svelte';

/** A line shorter than this on screen was a click. */
const LEAST_CSS_PX = 5;

/** `scale`: CSS pixels per stored pixel. */
export function toolFor(reading: Reading, grip: string | null, scale: number): Tool | null {
  const curve = /^curve-(\d)-(upper|lower)$/.exec(grip ?? '');
  if (curve !== null) return choosing(reading, Number(curve[1]), curve[2] as 'upper' | 'lower');
  if (reading.notes.isPlacing) return noting(reading);
  const index = /^end-(\d)$/.exec(grip ?? '')?.[1];
  if (index !== undefined) return moving(reading, Number(index));
  return reading.isDrawing && (reading.lines.ends.length < 4 || reading.lines.isDrawing)
    ? drawing(reading, scale)
    : null;
}

/** The note belongs where the pointer is let go. */
function noting(reading: Reading): Tool {
  const place = (spot: Spot): void => {
    reading.notes.draft = reading.clamp(spot);
  };
  return {
    press: place,
    drag: place,
    release: () => {
      if (reading.notes.draft) reading.notes.place(reading.notes.draft);
    },
    cancel: () => reading.notes.cancel(),
  };
}

/** An end of a curve goes to the vertebra under the pointer. */
function choosing(reading: Reading, curve: number, end: 'upper' | 'lower'): Tool {
  const before = reading.reckoning.curves[curve];
  return {
    press: () => undefined,
    drag(spot) {
      const level = reading.levelNear(spot);
      if (level !== null) reading.moveEnd(curve, end, level);
    },
    release: () => undefined,
    cancel() {
      if (before) reading.moveEnd(curve, end, end === 'upper' ? before.upperLevel : before.lowerLevel);
    },
  };
}

function drawing(reading: Reading, scale: number): Tool {
  const before = reading.lines;
  return {
    press: (spot) => (reading.lines = pressed(reading.lines, reading.clamp(spot))),
    drag: (spot) => (reading.lines = dragged(reading.lines, reading.clamp(spot))),
    release: () => (reading.lines = released(reading.lines, LEAST_CSS_PX / scale)),
    cancel: () => (reading.lines = before),
  };
}

function moving(reading: Reading, index: number): Tool {
  const before = reading.lines;
  let [offX, offY] = [0, 0];
  return {
    press(spot) {
      const end = before.ends[index];
      if (end) [offX, offY] = [end.x - spot.x, end.y - spot.y];
    },
    drag(spot) {
      reading.lines = moved(reading.lines, index, reading.clamp({ x: spot.x + offX, y: spot.y + offY }));
    },
    release: () => undefined,
    cancel: () => (reading.lines = before),
  };
}
