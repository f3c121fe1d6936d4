/** What changed from one state of a set to another, point by point. */
import { find, isLocated, samePoint, type Points, type Schema } from './landmarks';

export interface Difference {
  readonly name: string;
  readonly what: 'added' | 'removed' | 'moved' | 'marked';
  /** How far it moved; 0 where it did not. */
  readonly distance_px: number;
}

/** In the schema's order; a point that moved and changed its state has moved. */
export function differences(schema: Schema, before: Points, after: Points): Difference[] {
  return schema.points.flatMap<Difference>(({ name }) => {
    const [from, to] = [find(before, name), find(after, name)];
    if (samePoint(from, to)) return [];
    if (from === undefined) return [{ name, what: 'added', distance_px: 0 }];
    if (to === undefined) return [{ name, what: 'removed', distance_px: 0 }];
    if (!isLocated(from) || !isLocated(to)) return [{ name, what: 'marked', distance_px: 0 }];
    const distance_px = Math.hypot(to.x - from.x, to.y - from.y);
    return [{ name, what: distance_px > 0 ? 'moved' : 'marked', distance_px }];
  });
}

/** `2 moved (at most 4.2 px), 1 added`; `no difference`. */
export function inWords(found: readonly Difference[]): string {
  const of = (what: Difference['what']) => found.filter((each) => each.what === what);
  const farthest = Math.max(0, ...of('moved').map(({ distance_px }) => distance_px));
  const parts = (['moved', 'added', 'removed', 'marked'] as const)
    .map((what) => ({ what, count: of(what).length }))
    .filter(({ count }) => count > 0)
    .map(({ what, count }) => {
      const words = what === 'marked' ? 'with another state' : what;
      return `${count} ${words}${what === 'moved' ? ` (at most ${farthest.toFixed(1)} px)` : ''}`;
    });
  return parts.length === 0 ? 'no difference' : parts.join(', ');
}
