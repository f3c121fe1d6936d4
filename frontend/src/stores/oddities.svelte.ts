/** Vertebrae of one's own whole column that do not look as in others, as the server saw the saved points. */
import { landmarks } from '@/api/cases';
import type { LabelCase, VertebraDoubt } from '@/api/types';
import { CORNERS, vertebraeOf, type Points } from '@/core/landmarks';
import { vertebraCentre, type Warning } from '@/core/warnings';

export class Oddities {
  private told = $state.raw<{ about: Points; list: readonly VertebraDoubt[] } | null>(null);

  /** Asks about points that the server has; nothing where they are no whole column. */
  async ask({ set, schema }: LabelCase, points: Points): Promise<void> {
    const levels = vertebraeOf(schema);
    if (levels.length === 0 || levels.some((level) => vertebraCentre(points, level) === null)) return;
    const id = set.id ?? (await landmarks.get(set.image, schema.name)).id;
    if (id === null) return;
    const { oddities } = await landmarks.oddities(id);
    this.told = { about: points, list: oddities };
  }

  /** As warnings; none about points that were changed since. What `known` warns of is not said twice. */
  warnings(points: Points, known: readonly Warning[]): Warning[] {
    if (this.told === null || this.told.about !== points) return [];
    const warned = known.flatMap(({ names }) => names);
    return this.told.list
      .map(({ levels, text }) => ({ names: levels.flatMap(cornersOf), text }))
      .filter(({ names }) => !names.every((name) => warned.includes(name)));
  }
}

export function cornersOf(level: string): string[] {
  return CORNERS.map((corner) => `${level}_${corner}`);
}
