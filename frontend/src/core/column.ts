/** The vertebrae of a landmark set as the spine core wants them. */
import { CORNERS, located, vertebraOf, type Points } from './landmarks';
import type { Corners, Xy } from './spine/geometry';

export interface LabelledColumn {
  readonly levels: readonly string[];
  /** TL TR BL BR of each level; left and right are the stored image's. */
  readonly corners: readonly Corners[];
}

/** The levels whose four corners all have a place, in the order of the points (from above downward). */
export function columnOf(points: Points): LabelledColumn {
  const names = [...new Set(points.flatMap(({ name }) => vertebraOf(name) ?? []))];
  const whole = names.flatMap((level) => {
    const corners = CORNERS.flatMap((corner): Xy[] => {
      const point = located(points, `${level}_${corner}`);
      return point ? [[point.x, point.y]] : [];
    });
    return corners.length === 4 ? [{ level, corners: corners as unknown as Corners }] : [];
  });
  return { levels: whole.map(({ level }) => level), corners: whole.map(({ corners }) => corners) };
}

/** Where a level (`C7`) or a single point (`sacrum`) lies: its point, or the middle of its four corners. */
export function centreOf(points: Points, level: string): Xy | null {
  const point = located(points, level);
  if (point) return [point.x, point.y];
  const { levels, corners } = columnOf(points);
  const found = corners[levels.indexOf(level)];
  if (!found) return null;
  return [sum(found.map(([x]) => x)) / 4, sum(found.map(([, y]) => y)) / 4];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
