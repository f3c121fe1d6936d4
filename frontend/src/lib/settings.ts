import type { Recipe } from '@/api/jobs';
import { recipeFacts } from './recipefacts';

/** A setting by which some recipes differ: its value in each, empty where a recipe has no such setting. */
export interface Differing {
  name: string;
  values: string[];
}

/** The settings in which recipes are not all alike, in the order in which a recipe is read. */
export function differingSettings(recipes: readonly Recipe[]): Differing[] {
  const tables = recipes.map(
    (recipe) => new Map(recipeFacts(recipe).map(({ name, value }) => [name, String(value)])),
  );
  const names = [...new Set(tables.flatMap((table) => [...table.keys()]))];
  return names
    .map((name) => ({ name, values: tables.map((table) => table.get(name) ?? '') }))
    .filter(({ values }) => new Set(values).size > 1);
}
