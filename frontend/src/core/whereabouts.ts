/** Where a named point lies, for the small drawings of a back from behind and of a spine. */
import { shownCorner, vertebraOf } from './landmarks';
import type { Spot } from './viewport';

/** The drawing of a back: 60 wide, 72 high, the middle of the body at 30; the patient's left is on the left. */
export const BACK_SPOTS: Readonly<Record<string, Spot>> = {
  C7: { x: 30, y: 19.5 },
  ...sides('shoulder', 14.5, 22.6),
  ...sides('scapula', 23, 36.5),
  ...sides('waist', 19.6, 45.5),
  ...sides('PSIS', 26.4, 54.5),
  sacrum: { x: 30, y: 60.5 },
  natal_cleft: { x: 30, y: 60.5 },
};

const LEVELS = ['C7', ...numbered('T', 12), ...numbered('L', 5)];

/** A level of the spine and, in the unit square of its body (y down), the spot meant. */
export interface SpineSpot extends Spot {
  readonly levels: readonly string[];
  readonly level: string;
}

/** Of a film's point; null for one that the drawing does not know. */
export function spineSpot(name: string, schema: readonly string[], mirrored: boolean): SpineSpot | null {
  const level = vertebraOf(name);
  if (level === null) {
    const levels = [...LEVELS, 'S1'];
    if (name === 'C7') return { levels, level: 'C7', x: 0.5, y: 0.5 };
    if (name === 'sacrum') return { levels, level: 'S1', x: 0.5, y: 0 };
    return null;
  }
  const levels = [...new Set(schema.flatMap((each) => vertebraOf(each) ?? []))];
  const corner = shownCorner(name, mirrored);
  return { levels, level, x: corner.endsWith('L') ? 0 : 1, y: corner.at(-2) === 'T' ? 0 : 1 };
}

function sides(name: string, x: number, y: number): Record<string, Spot> {
  return { [`${name}_L`]: { x, y }, [`${name}_R`]: { x: 60 - x, y } };
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
}
