import { describe, expect, it } from 'vitest';
import { isExtra, optionalLevels, withLevels } from './atypical';
import { CORNERS, vertebraeOf, type Schema } from './landmarks';

const corners = (...levels: string[]) =>
  levels.flatMap((level) =>
    CORNERS.map((corner) => ({ name: `${level}_${corner}`, title: level, hint: '' })),
  );

const SCHEMA: Schema = {
  name: 's',
  title: 's',
  points: corners('T11', 'T12', 'L1', 'L5'),
  extras: corners('T13', 'L6'),
  mirror_pairs: [],
  links: [],
};

describe('levels that not everybody has', () => {
  it('are the last usual ones and those beyond', () => {
    expect(optionalLevels(SCHEMA)).toEqual(['T12', 'T13', 'L5', 'L6']);
    expect(optionalLevels({ ...SCHEMA, extras: [] })).toEqual([]);
    expect([isExtra(SCHEMA, 'T13'), isExtra(SCHEMA, 'T12')]).toEqual([true, false]);
  });

  it('lie where they belong once they are asked for', () => {
    expect(vertebraeOf(withLevels(SCHEMA, ['T13']))).toEqual(['T11', 'T12', 'T13', 'L1', 'L5']);
    expect(vertebraeOf(withLevels(SCHEMA, ['L6', 'T13']))).toEqual(['T11', 'T12', 'T13', 'L1', 'L5', 'L6']);
    const names = withLevels(SCHEMA, ['T13']).points.map(({ name }) => name);
    expect(names.slice(8, 12)).toEqual(['T13_TL', 'T13_TR', 'T13_BL', 'T13_BR']);
  });

  it('change nothing where there are none', () => {
    expect(withLevels(SCHEMA, [])).toBe(SCHEMA);
  });
});
