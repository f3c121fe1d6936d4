/** What a press in a labelling pane does: drag a mark, accept another's, or place the armed point and keep it in hand. */
import type { Labelling } from '@/stores/labelling.svelte';
import { located } from '@/core/landmarks';
import type { Tool } from '@/lib/viewer/gestures';

/** How the grips of another set's points begin. */
const OTHER = 'other:';

export function toolFor(labelling: Labelling, grip: string | null): Tool | null {
  const other = grip?.startsWith(OTHER) ? grip.slice(OTHER.length) : null;
  if (other !== null) return accepting(labelling, other);
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

/** A point of the other set: pressing it takes it over; it moves only once it is one's own. */
function accepting(labelling: Labelling, name: string): Tool {
  return {
    press: () => labelling.accept(name),
    drag: () => undefined,
    release: () => undefined,
    cancel: () => labelling.undo(),
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
