/** What each key of the labelling page does to its store. */
import type { RemarkKind } from '@/api/types';
import type { Spot } from '@/core/viewport';
import type { Labelling } from '@/stores/labelling.svelte';
import { arrowStep, nameOf } from '@/lib/viewer/keys';

/** Acts of the page around the points. */
export interface PageActs {
  next(): void;
  previous(): void;
  help(): void;
  cycleMode(): void;
  /** The depth as distances, as a lit surface, by curvature. */
  redraw(): void;
  /** Local contrast of a film on and off. */
  equalise(): void;
  /** The surface in 3D in place of the depth, and back. */
  solid(): void;
  history(): void;
  remark(kind: RemarkKind): void;
}

/** Carries out a key press; false when the key means nothing here. */
export function press(event: KeyboardEvent, labelling: Labelling, page: PageActs): boolean {
  const key = nameOf(event);
  if (key.startsWith('Arrow')) return arrow(event, labelling);
  if (/^[0-9]$/.test(key)) return digit(labelling, key);
  const act = actsOf(event, labelling, page)[key];
  act?.();
  return act !== undefined;
}

function actsOf(event: KeyboardEvent, labelling: Labelling, page: PageActs): Record<string, () => void> {
  const { raster } = labelling;
  const confirm = (): void => confirmPoint(labelling);
  return {
    Enter: confirm,
    ' ': confirm,
    ']': () => labelling.step(1),
    '[': () => labelling.step(-1),
    u: () => labelling.mark('uncertain'),
    o: () => labelling.mark('occluded'),
    m: () => (event.shiftKey ? labelling.markVertebraMissing() : labelling.mark('missing')),
    Delete: () => labelling.clear(),
    Backspace: () => labelling.clear(),
    Escape: () => labelling.select(null),
    x: () => labelling.act({ do: 'swap' }),
    v: () => labelling.others.toggle(),
    w: () => labelling.others.toggleEllipses(),
    a: () => labelling.acceptAll(),
    s: () => page.remark('skip'),
    g: () => page.remark('flag'),
    t: () => page.remark('comment'),
    'Ctrl+z': () => (event.shiftKey ? labelling.redo() : labelling.undo()),
    'Ctrl+y': () => labelling.redo(),
    i: () => raster.set({ ...raster.tone, inverted: !raster.tone.inverted }),
    e: () => page.equalise(),
    f: () => labelling.link.fit(),
    c: () => page.cycleMode(),
    d: () => page.redraw(),
    z: () => page.solid(),
    r: () => page.history(),
    n: () => page.next(),
    p: () => page.previous(),
    '?': () => page.help(),
  };
}

function arrow(event: KeyboardEvent, labelling: Labelling): boolean {
  // On a mirrored picture the arrows still go the way they point.
  const turn = labelling.mirrored ? -1 : 1;
  if (labelling.selected !== null) {
    const step = arrowStep(event, 1);
    if (step === null) return false;
    labelling.nudge(step.dx * turn, step.dy, event.shiftKey && event.altKey);
    return true;
  }
  const step = arrowStep(event, event.shiftKey ? 4 : event.altKey ? 10 : 8);
  if (step === null) return false;
  moveCrosshair(labelling, step.dx, step.dy);
  return true;
}

/** Image pixels; the crosshair itself lives in fractions of the displayed image. */
function moveCrosshair(labelling: Labelling, dx: number, dy: number): void {
  const { link } = labelling;
  const { width, height } = labelling.case.image;
  const at = link.target;
  link.cursor = { x: clamp(at.x + dx / width), y: clamp(at.y + dy / height) };
  link.isKeyed = true;
}

function confirmPoint(labelling: Labelling): void {
  const { link } = labelling;
  // Confirming never places as well: the crosshair may lie anywhere by then.
  if (labelling.selected !== null) labelling.select(null);
  else if (link.cursor === null) moveCrosshair(labelling, 0, 0);
  else labelling.place(spotOf(labelling, link.cursor));
}

function spotOf(labelling: Labelling, at: Spot): Spot {
  const { width, height } = labelling.case.image;
  return { x: (labelling.mirrored ? 1 - at.x : at.x) * width, y: at.y * height };
}

function digit(labelling: Labelling, key: string): boolean {
  const { points } = labelling.schema;
  const point = points[key === '0' ? 9 : Number(key) - 1];
  if (point === undefined || points.length > 12) return false;
  labelling.select(point.name);
  return true;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
