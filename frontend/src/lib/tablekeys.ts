/** Where a key leads in a list of `count` rows from row `at`, or null when it leads nowhere. */
export function rowAfter(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  const last = count - 1;
  const within = (row: number) => Math.min(last, Math.max(0, row));
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return within(at + 1);
    case 'ArrowUp':
    case 'k':
      return within(at - 1);
    case 'PageDown':
      return within(at + 10);
    case 'PageUp':
      return within(at - 10);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}

/** The selection after toggling one row, kept in the order in which rows were chosen. */
export function toggled(selected: readonly string[], id: string): string[] {
  return selected.includes(id) ? selected.filter((other) => other !== id) : [...selected, id];
}

/** The selection after choosing everything between two rows (Shift). */
export function withRange(
  selected: readonly string[],
  ids: readonly string[],
  from: number,
  to: number,
): string[] {
  const range = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  return [...selected, ...range.filter((id) => !selected.includes(id))];
}

/** All rows of the page on, or, when they all are, off; rows of other pages stay as they are. */
export function allToggled(selected: readonly string[], ids: readonly string[]): string[] {
  const every = ids.every((id) => selected.includes(id));
  return every
    ? selected.filter((id) => !ids.includes(id))
    : [...selected, ...ids.filter((id) => !selected.includes(id))];
}
