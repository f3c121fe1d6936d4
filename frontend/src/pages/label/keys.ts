/** The keys of the labelling page: one table for what they do and for the help that tells them. */

import type { KeyAct } from '@/lib/viewer/keys';

export const KEYS: readonly KeyAct[] = [
  { shown: 'Enter or Space', does: 'place at the crosshair; confirm a point that was nudged' },
  { shown: 'Arrows', does: 'move the point, or the crosshair, by 1 px; with Shift 10, with Alt 0.1' },
  { shown: '1 to 9, 0', does: 'go to that point (0 is the tenth)' },
  { shown: ']  [', does: 'next and previous point (Tab walks over the placed ones)' },
  { shown: 'u', does: 'uncertain, and back' },
  { shown: 'o', does: 'occluded, and back' },
  { shown: 'm', does: 'missing, and back; Shift+m: the whole vertebra' },
  { shown: 'Delete', does: 'take the point away' },
  { shown: 'x', does: 'exchange left and right in the whole set' },
  { shown: 'v', does: "show or hide others' and models' points; a click or Enter on one accepts it" },
  { shown: 'w', does: 'show or hide the ellipses of how unsure the model was' },
  { shown: 'a', does: 'accept all of them that you have not placed' },
  { shown: 'Ctrl+Z', does: 'undo; Ctrl+Shift+Z or Ctrl+Y: redo' },
  { shown: 's', does: 'put the image aside with a reason, and go on' },
  { shown: 'g', does: 'flag the image for a doctor' },
  { shown: 't', does: 'comment on the chosen point, or on the image' },
  { shown: 'r', does: 'revisions: see what changed, restore one' },
  { shown: 'n', does: 'next case' },
  { shown: 'p', does: 'previous case' },
  { shown: 'c', does: 'side by side, blend, swipe' },
  { shown: 'd', does: 'depth as distances, as a lit surface, by curvature' },
  { shown: 'z', does: 'the surface in 3D in place of the depth; arrows turn it, Home resets' },
  { shown: 'b (held)', does: 'the depth in place of the colour picture' },
  { shown: 'h (held)', does: 'hide the marks' },
  { shown: 'i', does: 'invert the picture' },
  { shown: 'e', does: 'local contrast of a film (CLAHE), and back' },
  { shown: 'f', does: 'fit the picture; + and - zoom' },
  { shown: '?', does: 'this help' },
];

/** Drags with the mouse, for the help. */
export const DRAGS: readonly KeyAct[] = [
  { shown: 'Wheel, pinch', does: 'zoom at the cursor' },
  { shown: 'Space + drag, middle button, one finger', does: 'move the picture' },
  { shown: 'Drag a mark', does: 'move that point alone; with Shift its whole vertebra' },
  { shown: 'Right button drag', does: 'brightness and contrast, or the depth window' },
];
