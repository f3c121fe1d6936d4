/** What linked panes share: the view, the crosshair, and the spot under the magnifier. */
import { WHOLE, type Frame } from '@/core/framing';
import { FITTED, type Spot, type View } from '@/core/viewport';

export class ViewLink {
  /** Null until somebody zooms or pans: each pane then fills itself with the frame. */
  view = $state.raw<View | null>(null);
  /** The part of the displayed image that matters. */
  frame = $state.raw<Frame>(WHOLE);
  /** Fractions of the displayed image, as in a `View`; null when no pointer or key points anywhere. */
  cursor = $state.raw<Spot | null>(null);
  /** The keys, not a pointer, moved the crosshair last. */
  isKeyed = $state(false);
  /** The point in hand, as fractions of the displayed image; null when nothing is dragged. */
  held = $state.raw<Spot | null>(null);

  /** Shows the frame, or the whole image when the frame is already shown. */
  fit(): void {
    this.view = this.view === null && this.frame !== WHOLE ? FITTED : null;
  }

  /** Another picture: its frame, untouched. */
  reset(frame: Frame = WHOLE): void {
    this.frame = frame;
    this.view = null;
    this.cursor = null;
  }

  /** Where the crosshair is, or would begin. */
  get target(): Spot {
    if (this.cursor !== null) return this.cursor;
    if (this.view !== null) return { x: this.view.u, y: this.view.v };
    const { left, top, right, bottom } = this.frame;
    return { x: (left + right) / 2, y: (top + bottom) / 2 };
  }

  point(at: Spot | null): void {
    this.cursor = at;
    this.isKeyed = false;
  }
}
