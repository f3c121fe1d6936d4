/** What a set of landmarks on a film says, reckoned without state: its curves, its ends, its vertebrae. */
import type { Image, LandmarkSet } from '@/api/types';
import { centreOf, columnOf } from '@/core/column';
import { located } from '@/core/landmarks';
import { curveBetween, findCurves, type Curve } from '@/core/spine/cobb';
import type { Spot } from '@/core/viewport';

/** Curves of a set, or why there are none. */
export interface Reckoning {
  readonly curves: readonly Curve[];
  readonly reason: string | null;
}

/** Upper and lower end vertebra of a curve. */
export type EndVertebrae = readonly [string, string];

/** The vertebra whose middle is nearest to a spot of the film. */
export function levelNear(set: LandmarkSet | null, spot: Spot): string | null {
  if (set === null) return null;
  const { levels } = columnOf(set.points);
  const far = levels.map((level) => {
    const [x, y] = centreOf(set.points, level) ?? [Infinity, Infinity];
    return Math.hypot(x - spot.x, y - spot.y);
  });
  return levels[far.indexOf(Math.min(...far))] ?? null;
}

/** C7 and the sacrum of a film: a person's if there are any, else a model's. */
export function endsOn(film: Image | null, sets: readonly LandmarkSet[]): readonly [Spot, Spot] | null {
  const found = sets.flatMap((set) => {
    const [c7, sacrum] = [located(set.points, 'C7'), located(set.points, 'sacrum')];
    return set.image === film?.id && c7 && sacrum ? [{ set, ends: [c7, sacrum] as const }] : [];
  });
  return (found.find(({ set }) => set.author.kind === 'person') ?? found[0])?.ends ?? null;
}

export function hasVertebrae(set: LandmarkSet): boolean {
  return set.points.some(({ name }) => /_(TL|TR|BL|BR)$/.test(name));
}

/** A person's newest set before a model's. */
export function preferred(sets: readonly LandmarkSet[]): LandmarkSet | undefined {
  return sets.find(({ author }) => author.kind === 'person') ?? sets[0];
}

/** Names a revision of a set, and no set. */
export function keyOf(set: LandmarkSet | null): string {
  return `${set?.id} ${set?.revision}`;
}

/** The curves of a set's vertebrae: between the most tilted ones, or between chosen ends. */
export function reckon(
  set: LandmarkSet | null,
  view: { patientRightAtImageRight: boolean },
  ends?: readonly EndVertebrae[],
): Reckoning {
  if (set === null) return { curves: [], reason: null };
  const { levels, corners } = columnOf(set.points);
  if (levels.length < 2) return { curves: [], reason: 'Fewer than two vertebrae have all four corners.' };
  try {
    const curves = ends
      ? ends.map(([upper, lower]) => curveBetween(corners, levels, upper, lower, view))
      : findCurves(corners, levels, view);
    return { curves, reason: null };
  } catch (error) {
    return { curves: [], reason: error instanceof Error ? error.message : String(error) };
  }
}
