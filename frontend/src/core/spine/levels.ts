/**
 * Vertebral levels: names, order, discs; also for 11 or 13 thoracic and 4 or 6 lumbar vertebrae.
 *
 * The twin of `annotation/spine/levels.py`; both are held to `tests/golden/cobb.json`.
 */

const THORACIC_COUNTS = [11, 12, 13];
const LUMBAR_COUNTS = [4, 5, 6];

/** From above downward; the index of a level is its rank: C7 is 0, T13 is 13, L1 is 14, S1 is 20. */
export const LEVELS = [
  ...(['C7', 'T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12', 'T13'] as const),
  ...(['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'S1'] as const),
];

export type Level = (typeof LEVELS)[number];

const RANKS = new Map<string, number>(LEVELS.map((level, rank) => [level, rank]));
const SPELLING = /^(C|TH|T|D|L|S)0?(\d{1,2})$/;

function isLevel(name: string): name is Level {
  return RANKS.has(name);
}

function rankOf(level: Level): number {
  return LEVELS.indexOf(level);
}

/** The level named as people write it: "T4", " t04 ", "Th4" and "D4" (dorsal) are all T4. Throws otherwise. */
export function parseLevel(text: string): Level {
  const match = SPELLING.exec(text.trim().toUpperCase());
  const letter = match?.[1] === 'TH' || match?.[1] === 'D' ? 'T' : match?.[1];
  const name = `${letter ?? ''}${match?.[2] ?? ''}`;
  if (isLevel(name)) return name;
  throw new RangeError(`"${text}" is not a vertebral level: use C7, T1-T13, L1-L6 or S1`);
}

/** A patient's levels from above downward. Throws for other than 11-13 thoracic and 4-6 lumbar vertebrae. */
export function spineLevels(
  thoracic = 12,
  lumbar = 5,
  { withC7 = false, withS1 = false }: { withC7?: boolean; withS1?: boolean } = {},
): Level[] {
  if (!THORACIC_COUNTS.includes(thoracic) || !LUMBAR_COUNTS.includes(lumbar)) {
    throw new RangeError(
      `${thoracic} thoracic and ${lumbar} lumbar vertebrae: this program knows 11-13 and 4-6`,
    );
  }
  return LEVELS.filter((level) => {
    if (level === 'C7') return withC7;
    if (level === 'S1') return withS1;
    return Number(level.slice(1)) <= (level.startsWith('T') ? thoracic : lumbar);
  });
}

function canFollow(upper: Level, lower: Level): boolean {
  if (rankOf(lower) === rankOf(upper) + 1) return true;
  const count = Number(upper.slice(1));
  if (upper.startsWith('T')) return lower === 'L1' && THORACIC_COUNTS.includes(count);
  return upper.startsWith('L') && lower === 'S1' && LUMBAR_COUNTS.includes(count);
}

/** The levels, checked to run downward with none repeated or left out; any stretch of a spine will do. */
export function checkLevels(levels: readonly string[]): Level[] {
  const parsed = levels.map(parseLevel);
  parsed.forEach((lower, row) => {
    const upper = parsed[row - 1];
    if (upper !== undefined && !canFollow(upper, lower)) {
      throw new RangeError(
        `${lower} cannot come directly below ${upper}: ` +
          'name every vertebra from above downward, once, with none left out',
      );
    }
  });
  return parsed;
}

/** Whether the first level lies nearer the head than the second. */
export function isAbove(first: string, second: string): boolean {
  return rankOf(parseLevel(first)) < rankOf(parseLevel(second));
}

/** The disc between two neighbours: "T11/T12". Throws when no disc can lie between them. */
export function discName(upper: string, lower: string): string {
  return checkLevels([upper, lower]).join('/');
}

/** Where a vertebra ("T8") or a disc ("T11/T12", half way) stands in the order from above. */
export function heightRank(place: string): number {
  const ends = checkLevels(place.split('/'));
  if (ends.length > 2) throw new RangeError(`"${place}" names neither a vertebra nor a disc`);
  return ends.reduce((sum, end) => sum + rankOf(end), 0) / ends.length;
}
