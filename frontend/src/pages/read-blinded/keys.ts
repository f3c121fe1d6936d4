/** The keys of blinded reading, and the help that tells them. */
import type { KeyAct } from '@/lib/viewer/keys';

export const KEYS: readonly KeyAct[] = [
  { shown: 'r', does: 'real' },
  { shown: 's', does: 'synthetic' },
  { shown: '1 to 5', does: 'how sure you are: 1 a guess, 5 certain' },
  { shown: 'l', does: 'draw two lines: drag along each endplate, or click both ends' },
  { shown: 'Escape', does: 'put the lines away' },
  { shown: 'n', does: 'no angle can be read on this film' },
  { shown: 'Enter', does: 'save for good and go to the next film' },
  { shown: 'Arrows', does: 'move the crosshair, or the end that has the focus by 1 px; Shift 10, Alt 0.1' },
  { shown: 'Space', does: 'set an end of a line at the crosshair that the arrows moved' },
  { shown: 'i', does: 'invert the film' },
  { shown: 'f', does: 'fit the film; + and - zoom' },
  { shown: '?', does: 'this help' },
];

export const DRAGS: readonly KeyAct[] = [
  { shown: 'Wheel, pinch', does: 'zoom at the cursor' },
  { shown: 'Drag', does: 'move the film (while drawing: with Space or the middle button)' },
  { shown: 'Drag an end', does: 'turn a line; the angle follows' },
  { shown: 'Right button drag', does: 'brightness and contrast' },
];
