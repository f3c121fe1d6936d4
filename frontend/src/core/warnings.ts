/** What looks wrong in a set of points and may still be right: shown beside the points, never refused. */
import { CORNERS, located, spoken, vertebraOf, vertebraeOf, type Points, type Schema } from './landmarks';
import { depthAt, type Depth } from './npy';
import { midpoint, type Spot } from './viewport';

export interface Warning {
  readonly names: readonly string[];
  readonly text: string;
}

/** `mirrored`: the image is drawn mirrored; the patient's left belongs on the viewer's left once it is drawn. */
export function warningsFor(
  schema: Schema,
  points: Points,
  mirrored: boolean,
  depth: Depth | null,
): Warning[] {
  return [
    ...sides(schema, points, mirrored),
    ...upsideDown(schema, points),
    ...vertebraOrder(schema, points),
    ...(depth === null ? [] : holes(points, depth)),
  ];
}

function sides(schema: Schema, points: Points, mirrored: boolean): Warning[] {
  return schema.mirror_pairs.flatMap((pair) => {
    const [leftName, rightName] = leftFirst(pair);
    const left = located(points, leftName);
    const right = located(points, rightName);
    if (!left || !right) return [];
    // The letters of a vertebra's corners are the stored picture's, however it is drawn.
    const isCorner = vertebraOf(leftName) !== null;
    const wrong = mirrored && !isCorner ? left.x < right.x : left.x > right.x;
    if (!wrong) return [];
    const [a, b] = isCorner && mirrored ? [rightName, leftName] : [leftName, rightName];
    const text = `${spoken(a, mirrored)} lies right of ${spoken(b, mirrored)}`;
    return [{ names: [leftName, rightName], text }];
  });
}

/** A pair as [left, right]: by the names' endings, else as the schema lists it. */
function leftFirst(pair: readonly string[]): [string, string] {
  const [a = '', b = ''] = pair;
  return a.endsWith('R') && b.endsWith('L') ? [b, a] : [a, b];
}

function upsideDown(schema: Schema, points: Points): Warning[] {
  const names = schema.points.map(({ name }) => name);
  const [first, last] = [names[0], names.at(-1)];
  if (first === undefined || last === undefined || vertebraeOf(schema).length > 0) return [];
  const top = located(points, first);
  const bottom = located(points, last);
  if (!top || !bottom || top.y <= bottom.y) return [];
  return [{ names: [first, last], text: `${spoken(first)} lies below ${spoken(last)}` }];
}

function vertebraOrder(schema: Schema, points: Points): Warning[] {
  const centres = vertebraeOf(schema).flatMap((level) => {
    const centre = vertebraCentre(points, level);
    return centre === null ? [] : [{ level, y: centre.y }];
  });
  return centres.flatMap(({ level, y }, i) => {
    const above = centres[i - 1];
    if (!above || above.y < y) return [];
    const names = CORNERS.map((corner) => `${level}_${corner}`);
    return [{ names, text: `${level} lies above ${above.level}` }];
  });
}

/** The mean of the four corners; null until all four have a place. */
export function vertebraCentre(points: Points, level: string): Spot | null {
  const [tl, tr, bl, br] = CORNERS.map((corner) => located(points, `${level}_${corner}`));
  return tl && tr && bl && br ? midpoint(midpoint(tl, tr), midpoint(bl, br)) : null;
}

function holes(points: Points, depth: Depth): Warning[] {
  return points.flatMap(({ name, x, y }) => {
    if (x === null || y === null || depthAt(depth, x, y) !== 0) return [];
    return [{ names: [name], text: `${spoken(name)} lies on a hole in the depth (0 mm)` }];
  });
}
