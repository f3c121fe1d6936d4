/** Reading key presses, the same on every page with a viewer. */

/** One line of the keyboard help. */
export interface KeyAct {
  readonly shown: string;
  readonly does: string;
}

/** `Ctrl+z`, `n`, `?`: a key press as the table writes it. */
export function nameOf(event: KeyboardEvent): string {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return control ? `Ctrl+${key}` : key;
}

/** How far an arrow key moves, in image pixels; null for other keys. */
export function arrowStep(event: KeyboardEvent, plain: number): { dx: number; dy: number } | null {
  const way = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  }[event.key];
  if (way === undefined) return null;
  const [dx = 0, dy = 0] = way;
  const step = event.shiftKey ? plain * 10 : event.altKey ? plain / 10 : plain;
  return { dx: dx * step, dy: dy * step };
}

/** Whether the keys belong to what has the focus: a field, or a button for Enter and Space. */
export function belongsElsewhere(event: KeyboardEvent): boolean {
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog') !== null) return true;
  if (target.matches('input[type="range"]')) return event.key.startsWith('Arrow');
  if (target.matches('input, select, textarea')) return true;
  return (event.key === 'Enter' || event.key === ' ') && target.closest('button, a, summary') !== null;
}
