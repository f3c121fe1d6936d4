/**
 * One person's points on one image, as an immutable value, and the commands that change it.
 *
 * Coordinates are stored pixels of the image, x right, y down, (0, 0) = outer corner of the first pixel.
 * A point that is absent has not been placed yet; that is none of the four states.
 */

export type PointState = 'placed' | 'uncertain' | 'occluded' | 'missing';

export interface Point {
  readonly name: string;
  /** Both null exactly when the state is 'missing'. */
  readonly x: number | null;
  readonly y: number | null;
  readonly state: PointState;
}

export interface LocatedPoint extends Point {
  readonly x: number;
  readonly y: number;
}

export type Points = readonly Point[];

export interface SchemaPoint {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
}

export interface Schema {
  readonly name: string;
  readonly title: string;
  readonly points: readonly SchemaPoint[];
  /** Points of what few people have: see `atypical.ts`. */
  readonly extras?: readonly SchemaPoint[];
  readonly mirror_pairs: readonly (readonly string[])[];
  readonly links: readonly (readonly string[])[];
}

/** The revision of another set that points were taken from. */
export interface Origin {
  readonly set: string;
  readonly revision: number;
}

export type Command =
  | {
      readonly do: 'place';
      readonly name: string;
      readonly x: number;
      readonly y: number;
      readonly state?: PointState;
    }
  | { readonly do: 'move'; readonly names: readonly string[]; readonly dx: number; readonly dy: number }
  | { readonly do: 'mark'; readonly names: readonly string[]; readonly state: PointState }
  | { readonly do: 'clear'; readonly names: readonly string[] }
  | { readonly do: 'swap' }
  | { readonly do: 'accept'; readonly points: Points; readonly author: string; readonly from: Origin }
  | { readonly do: 'replace'; readonly points: Points; readonly why: string };

export function find(points: Points, name: string): Point | undefined {
  return points.find((point) => point.name === name);
}

export function isLocated(point: Point | undefined): point is LocatedPoint {
  return point !== undefined && point.x !== null && point.y !== null;
}

export function located(points: Points, name: string): LocatedPoint | undefined {
  const point = find(points, name);
  return isLocated(point) ? point : undefined;
}

/** The points after the command, in the schema's order; the same object when it changes nothing. */
export function applied(schema: Schema, points: Points, command: Command): Points {
  switch (command.do) {
    case 'place':
      return put(schema, points, placedPoint(points, command));
    case 'move':
      return changed(points, command.names, (point) =>
        isLocated(point) ? { ...point, x: point.x + command.dx, y: point.y + command.dy } : point,
      );
    case 'mark':
      return command.names.reduce((all, name) => marked(schema, all, name, command.state), points);
    case 'clear': {
      const kept = points.filter((point) => !command.names.includes(point.name));
      return kept.length === points.length ? points : kept;
    }
    case 'swap':
      return swapped(schema, points);
    case 'accept':
      return command.points.reduce((all, point) => put(schema, all, point), points);
    case 'replace':
      return ordered(schema, command.points);
  }
}

function placedPoint(points: Points, command: Extract<Command, { do: 'place' }>): Point {
  const before = find(points, command.name)?.state;
  const kept = before === undefined || before === 'missing' ? 'placed' : before;
  return { name: command.name, x: command.x, y: command.y, state: command.state ?? kept };
}

function marked(schema: Schema, points: Points, name: string, state: PointState): Points {
  const point = find(points, name);
  if (state === 'missing') return put(schema, points, { name, x: null, y: null, state });
  if (!isLocated(point) || point.state === state) return points;
  return put(schema, points, { ...point, state });
}

function swapped(schema: Schema, points: Points): Points {
  const other = new Map<string, string>();
  for (const [a, b] of schema.mirror_pairs) {
    if (a === undefined || b === undefined) continue;
    other.set(a, b).set(b, a);
  }
  return ordered(
    schema,
    points.map((point) => ({ ...point, name: other.get(point.name) ?? point.name })),
  );
}

function changed(points: Points, names: readonly string[], change: (point: Point) => Point): Points {
  return points.map((point) => (names.includes(point.name) ? change(point) : point));
}

function put(schema: Schema, points: Points, point: Point): Points {
  if (!schema.points.some(({ name }) => name === point.name)) {
    throw new RangeError(`${schema.title} has no point named ${point.name}.`);
  }
  return ordered(schema, [...points.filter(({ name }) => name !== point.name), point]);
}

function ordered(schema: Schema, points: Points): Points {
  const rank = new Map(schema.points.map(({ name }, i) => [name, i]));
  return [...points].sort((a, b) => (rank.get(a.name) ?? 0) - (rank.get(b.name) ?? 0));
}

/** The first point without a state at or after `after` in the schema's order, going round; null when all are done. */
export function nextToPlace(schema: Schema, points: Points, after?: string): string | null {
  const names = schema.points.map(({ name }) => name);
  const start = after === undefined ? 0 : names.indexOf(after) + 1;
  const round = [...names.slice(start), ...names.slice(0, start)];
  return round.find((name) => find(points, name) === undefined) ?? null;
}

export function samePoints(a: Points, b: Points): boolean {
  return a.length === b.length && a.every((point) => samePoint(point, find(b, point.name)));
}

export function samePoint(a: Point | undefined, b: Point | undefined): boolean {
  return a === b || (a?.x === b?.x && a?.y === b?.y && a?.state === b?.state && a?.name === b?.name);
}

/** What a command did, for the history and the tooltips of undo and redo; corners by the viewer's left and right. */
export function describe(command: Command, mirrored = false): string {
  switch (command.do) {
    case 'place':
      return `place ${spoken(command.name, mirrored)}`;
    case 'move':
      return `move ${listed(command.names, mirrored)}`;
    case 'mark':
      return `${listed(command.names, mirrored)} ${command.state}`;
    case 'clear':
      return `clear ${listed(command.names, mirrored)}`;
    case 'swap':
      return 'exchange left and right';
    case 'accept':
      return `accept ${listed(
        command.points.map(({ name }) => name),
        mirrored,
      )} of ${command.author}`;
    case 'replace':
      return command.why;
  }
}

/** A name as it is read; a corner's by the viewer's left and right. */
export function spoken(name: string, mirrored = false): string {
  return shownCorner(name, mirrored).replaceAll('_', ' ');
}

function listed(names: readonly string[], mirrored: boolean): string {
  const vertebra = names[0] === undefined ? null : vertebraOf(names[0]);
  if (names.length === 4 && vertebra !== null) return vertebra;
  return names.length <= 2
    ? names.map((name) => spoken(name, mirrored)).join(' and ')
    : `${names.length} points`;
}

export const CORNERS = ['TL', 'TR', 'BL', 'BR'] as const;

/** `T6` of `T6_TL`; null for a point that is no vertebra corner. */
export function vertebraOf(name: string): string | null {
  return /^(.+)_(TL|TR|BL|BR)$/.exec(name)?.[1] ?? null;
}

/**
 * The name, by the viewer's left and right, of a corner stored as `name`; and the reverse, for it is its own inverse.
 * Stored names are the stored picture's: on one that is drawn mirrored, what lies left on screen is stored as right.
 */
export function shownCorner(name: string, mirrored: boolean): string {
  if (!mirrored || vertebraOf(name) === null) return name;
  return `${name.slice(0, -1)}${name.endsWith('L') ? 'R' : 'L'}`;
}

/** The schema as a person meets it on screen: corners in the order and by the words of what is seen. */
export function shownSchema(schema: Schema, mirrored: boolean): Schema {
  const names = new Set(schema.points.map(({ name }) => name));
  const points = schema.points.map((point) => {
    if (vertebraOf(point.name) === null) return point;
    const stored = shownCorner(point.name, mirrored);
    const hint = point.hint.replace('as the image is stored', 'as you see it');
    return { ...point, hint, name: names.has(stored) ? stored : point.name };
  });
  return { ...schema, points };
}

/** The point itself and, when it is a corner, the others of its vertebra. */
export function together(name: string): string[] {
  const vertebra = vertebraOf(name);
  return vertebra === null ? [name] : CORNERS.map((corner) => `${vertebra}_${corner}`);
}

/** The vertebrae of a schema in its order; empty for a schema of single points. */
export function vertebraeOf(schema: Schema): string[] {
  return [...new Set(schema.points.flatMap(({ name }) => vertebraOf(name) ?? []))];
}
