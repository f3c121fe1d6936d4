/** Points of another set (a person's or a model's) on the same image: what is shown of them, what is taken over. */
import type { History } from './history';
import {
  find,
  isLocated,
  samePoint,
  together,
  type Command,
  type LocatedPoint,
  type Origin,
  type Point,
  type Points,
} from './landmarks';

/** Their points worth drawing behind one's own: those that have a place and are not just the same. */
export function ghosts(own: Points, theirs: Points): LocatedPoint[] {
  return theirs.filter(isLocated).filter((point) => !samePlace(find(own, point.name), point));
}

/** What a press on their point takes: it, and of its vertebra the corners that have no state of one's own yet. */
export function takenWith(own: Points, theirs: Points, name: string): Points {
  const names = together(name);
  return theirs.filter((point) => {
    if (!names.includes(point.name)) return false;
    const mine = find(own, point.name);
    return point.name === name ? !samePoint(mine, point) : mine === undefined;
  });
}

/** What accepting all takes: every point that has no state of one's own yet; none of one's own is replaced. */
export function takenWithAll(own: Points, theirs: Points): Points {
  return theirs.filter(({ name }) => find(own, name) === undefined);
}

/** The set that the points as they stand were last taken from; what was undone or replaced since does not count. */
export function originOf({ done }: History<Points, Command>): Origin | null {
  const last = done.findLast(({ command }) => command.do === 'accept' || command.do === 'replace')?.command;
  return last?.do === 'accept' ? last.from : null;
}

function samePlace(own: Point | undefined, point: LocatedPoint): boolean {
  return own !== undefined && own.x === point.x && own.y === point.y;
}

/** Whose points these are, for a list: a model is named as one. */
export function authorName({
  kind,
  name,
}: {
  readonly kind: 'person' | 'model';
  readonly name: string;
}): string {
  return kind === 'model' ? `model ${name}` : name;
}
