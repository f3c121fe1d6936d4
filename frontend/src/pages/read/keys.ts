/** The keys of the reading page, and the help that tells them. */
import type { KeyAct } from '@/lib/viewer/keys';

export const FILM_MODES = ['side', 'blend', 'swipe', 'flicker', 'difference', 'film'] as const;
export type FilmMode = (typeof FILM_MODES)[number];

/** Changes a second of a slider from 0 to 1; no more than three, for those whom flashes harm (WCAG 2.3.1). */
export function flickerHz(share: number): number {
  return 0.5 + 2.5 * share;
}

export const KEYS: readonly KeyAct[] = [
  { shown: 'l', does: 'draw two lines: drag along each endplate, or click both ends' },
  { shown: 'Enter', does: 'set an end of a line at the crosshair' },
  { shown: 'Arrows', does: 'move the crosshair, or the end that has the focus by 1 px; Shift 10, Alt 0.1' },
  { shown: 'Escape', does: 'put the lines away' },
  { shown: 't', does: 'write a note on the film: click its place, or press Enter at the crosshair' },
  { shown: 's', does: 'save the curves of the vertebrae shown' },
  { shown: 'c', does: 'side by side, blend, swipe, flicker, difference, film alone' },
  { shown: 'h (held)', does: 'hide what is drawn' },
  { shown: 'i', does: 'invert the films' },
  { shown: 'e', does: 'local contrast of the films (CLAHE), and back' },
  { shown: 'f', does: 'fit the film; + and - zoom' },
  { shown: 'n', does: 'next study' },
  { shown: 'p', does: 'previous study' },
  { shown: '?', does: 'this help' },
];

export const DRAGS: readonly KeyAct[] = [
  { shown: 'Wheel, pinch', does: 'zoom at the cursor' },
  { shown: 'Drag', does: 'move the film (while drawing: with Space or the middle button)' },
  { shown: 'Drag an end', does: 'turn a line, or give a curve another end vertebra; the angle follows' },
  { shown: 'Right button drag', does: 'brightness and contrast' },
];
