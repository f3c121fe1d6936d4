/** What a press in a labelling pane does: drag a mark, or place the armed point and keep it in hand. */
import type { Labelling } from '@/stores/labelling.svelte';
import { located } from '@/core/landmarks';
import type { Tool } from '@/lib/viewer/gestures';

export function toolFor(labelling: Labelling, grip: string | null): Tool | null {
  if (grip !== null) return grab(labelling, grip);
  return labelling.armed === null ? null : placing(labelling);
}

function grab(labelling: Labelling, name: string): Tool {
  // The mark keeps its distance from the pointer: pressing it moves nothing.
  let [offX, offY] = [0, 0];
  return {
    press(spot) {
      const point = located(labelling.points, name);
      if (point) [offX, offY] = [point.x - spot.x, point.y - spot.y];
      labelling.beginDrag(name);
    },
    drag: (spot, shift) => labelling.dragTo({ x: spot.x + offX, y: spot.y + offY }, shift),
    release: () => labelling.endDrag(),
    cancel: () => labelling.cancelDrag(),
  };
}

function placing(labelling: Labelling): Tool {
  return {
    press: (spot) => labelling.beginPlacing(spot),
    drag: (spot) => labelling.dragTo(spot, false),
    release: () => labelling.endDrag(),
    cancel: () => labelling.cancelDrag(),
  };
}
