/** What linked panes share: the view, the crosshair, and the spot under the magnifier. */
import { FITTED, type Spot, type View } from '@/core/viewport';

export class ViewLink {
  view = $state.raw<View>(FITTED);
  /** Fractions of the displayed image, as in a `View`; null when no pointer or key points anywhere. */
  cursor = $state.raw<Spot | null>(null);
  /** The keys, not a pointer, moved the crosshair last. */
  isKeyed = $state(false);
  /** The point in hand, as fractions of the displayed image; null when nothing is dragged. */
  held = $state.raw<Spot | null>(null);

  fit(): void {
    this.view = FITTED;
  }

  point(at: Spot | null): void {
    this.cursor = at;
    this.isKeyed = false;
  }
}
