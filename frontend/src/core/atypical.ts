/** Spines with 11 or 13 thoracic, 4 or 6 lumbar vertebrae: which levels a set asks for. */
import { vertebraOf, vertebraeOf, type Points, type Schema, type SchemaPoint } from './landmarks';

const LETTERS = 'CTLS';

/** The levels that a spine may lack or have beyond the usual: T12, T13, L5, L6, as far as the schema knows them. */
export function optionalLevels(schema: Schema): string[] {
  const usual = vertebraeOf(schema);
  return extraLevels(schema).flatMap((extra) => {
    const last = usual.findLast((level) => level.startsWith(extra.charAt(0)));
    return last === undefined ? [extra] : [last, extra];
  });
}

/** The levels that the schema asks for only where somebody adds them. */
export function extraLevels(schema: Schema): string[] {
  return levelsOf(schema.extras ?? []);
}

/** Those of them that were added, or of which a corner has a state. */
export function wantedExtras(schema: Schema, points: Points, added: readonly string[]): string[] {
  const wanted = [...added, ...levelsOf(points)];
  return extraLevels(schema).filter((level) => wanted.includes(level));
}

/** Whether the schema asks for the level only where somebody adds it. */
export function isExtra(schema: Schema, level: string): boolean {
  return extraLevels(schema).includes(level);
}

/** The schema with the corners of these extra levels where they lie among its points. */
export function withLevels(schema: Schema, levels: readonly string[]): Schema {
  const added = (schema.extras ?? []).filter(({ name }) => levels.includes(vertebraOf(name) ?? ''));
  if (added.length === 0) return schema;
  const points = [...schema.points, ...added].sort((a, b) => rankOf(a) - rankOf(b));
  return { ...schema, points };
}

function levelsOf(points: readonly { readonly name: string }[]): string[] {
  return [...new Set(points.flatMap(({ name }) => vertebraOf(name) ?? []))];
}

/** From above downward; the sort is stable, so that the corners of a vertebra keep their order. */
function rankOf({ name }: SchemaPoint): number {
  const level = vertebraOf(name) ?? '';
  return LETTERS.indexOf(level.charAt(0)) * 100 + Number(level.slice(1));
}
