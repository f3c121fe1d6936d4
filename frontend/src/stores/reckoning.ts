/** What a set of landmarks on a film says, reckoned without state: its curves, its ends, its vertebrae. */
import type { Image, LandmarkSet } from '@/api/types';
import { centreOf, columnOf } from '@/core/column';
import { located } from '@/core/landmarks';
import { coronalBalance, t1TiltDeg, type Balance } from '@/core/spine/balance';
import { curveBetween, findCurves, type Curve } from '@/core/spine/cobb';
import { leanOf, linesOf, type TwoLines } from '@/core/twolines';
import type { Spot } from '@/core/viewport';

/** Curves of a set, or why there are none. */
export interface Reckoning {
  readonly curves: readonly Curve[];
  readonly reason: string | null;
}

/** Upper and lower end vertebra of a curve. */
export type EndVertebrae = readonly [string, string];

export interface View {
  readonly patientRightAtImageRight: boolean;
}

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
export function reckon(set: LandmarkSet | null, view: View, ends?: readonly EndVertebrae[]): Reckoning {
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

/** C7 and the sacral point of a film, from the set shown or whichever has them; stored pixels. */
export function plumbOf(
  set: LandmarkSet | null,
  sets: readonly LandmarkSet[],
  film: Image | null,
): { c7: Spot | null; sacrum: Spot | null } {
  const best = [set, ...sets.filter(({ image }) => image === film?.id)].filter((each) => each !== null);
  const spot = (name: string): Spot | null => {
    const found = best.map((each) => centreOf(each.points, name)).find((xy) => xy !== null);
    return found ? { x: found[0], y: found[1] } : null;
  };
  return { c7: spot('C7'), sacrum: spot('sacrum') };
}

export function balanceOf(
  { c7, sacrum }: { c7: Spot | null; sacrum: Spot | null },
  film: Image | null,
  view: View,
): Balance | null {
  if (!c7 || !sacrum || !film) return null;
  const mm_per_px = film.calibration === 'none' ? null : (film.spacing_mm?.[1] ?? null);
  return coronalBalance([c7.x, c7.y], [sacrum.x, sacrum.y], mm_per_px, view);
}

export function t1TiltOf(set: LandmarkSet | null, view: View): number | null {
  if (set === null) return null;
  const { levels, corners } = columnOf(set.points);
  const t1 = corners[levels.indexOf('T1')];
  return t1 ? t1TiltDeg(t1, view) : null;
}

export interface DrawnLine {
  readonly px: number;
  readonly mm: number | null;
  readonly lean_deg: number;
  readonly higher: string;
}

/**
 * The one line drawn: its length in px, and in mm where the film has a scale; how much it leans, and which side
 * is higher: of the patient where the sides are known, else of the picture as shown.
 */
export function drawnLineOf(lines: TwoLines, film: Image | null, isSideKnown: boolean): DrawnLine | null {
  const [line, second] = linesOf(lines);
  if (!line || second || !film) return null;
  const [dx, dy] = [line[1][0] - line[0][0], line[1][1] - line[0][1]];
  const spacing = film.spacing_mm;
  const mm = spacing ? Math.hypot(dx * (spacing[1] ?? 0), dy * (spacing[0] ?? 0)) : null;
  const { deg, higher } = leanOf(line);
  const isTurned = film.display_flip && higher !== null;
  const shown = isTurned ? { left: 'right', right: 'left' }[higher] : higher;
  const whose = isSideKnown ? 'side' : 'of the picture';
  return { px: Math.hypot(dx, dy), mm, lean_deg: deg, higher: shown ? `${shown} ${whose} higher` : '' };
}
