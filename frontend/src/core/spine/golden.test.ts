/** The golden cases: designed spines, read here and by `tests/annotation/spine/test_golden.py`. */

import { describe, expect, it, test } from 'vitest';
import cases from '../../../../tests/golden/cobb.json';
import { aasceAngles } from './aasce';
import { coronalBalance, t1TiltDeg } from './balance';
import { cobbBetween, type Curve, curveBetween, endplateTiltsDeg, findCurves, type Tilts } from './cobb';
import { at, type Corners, type Line, type Xy } from './geometry';
import { checkLevels, discName, heightRank, isAbove, parseLevel, spineLevels } from './levels';
import { type LevelChoice, measurableChange, type Readers, readingErrorDeg } from './readingerror';

interface Told {
  patient_right_at_image_right: boolean;
}

interface Spine extends Told {
  name: string;
  levels: string[];
  corners_px: Corners[];
  tilts_deg?: Tilts[];
  curves: (Record<'upper_level' | 'lower_level' | 'apex_level' | 'side' | 'region', string> & {
    angle_deg: number;
  })[];
  aasce?: { image_height_px: number; angles_deg: number[] };
}

interface Golden {
  tolerance_deg: number;
  spines: Spine[];
  fixed_levels: (Pick<Spine, 'levels' | 'corners_px'> & {
    upper_level: string;
    lower_level: string;
    angle_deg: number;
    side: string;
  })[];
  free_lines: { name: string; upper_line: Line; lower_line: Line; angle_deg: number }[];
  refused: Pick<Spine, 'name' | 'levels' | 'corners_px'>[];
  levels: {
    parsed: Record<string, string>;
    unknown: string[];
    spines: { thoracic: number; lumbar: number; levels: string[] }[];
    ranks: Record<string, number>;
    not_neighbours: [string, string][];
  };
  reading: {
    errors: { readers: Readers; levels: LevelChoice; error_deg: number }[];
    changes: {
      earlier_deg: number;
      later_deg: number;
      readers: Readers;
      levels: LevelChoice;
      change_deg: number;
      measurable: boolean;
    }[];
  };
  balance: {
    coronal: (Told & { c7: Xy; sacrum: Xy; mm_per_px: number | null; value: number; unit: string })[];
    t1_tilt: (Told & { corners_px: Corners; value: number })[];
  };
}

const golden = cases as unknown as Golden;

function view(told: Told): { patientRightAtImageRight: boolean } {
  return { patientRightAtImageRight: told.patient_right_at_image_right };
}

function expectAngle(found: number, designed: number): void {
  expect(Math.abs(found - designed), `${found} for ${designed}`).toBeLessThanOrEqual(golden.tolerance_deg);
}

function words(curve: Curve): string[] {
  return [curve.upperLevel, curve.lowerLevel, curve.apexLevel, curve.side, curve.region];
}

describe('spines', () => {
  test.each(golden.spines)('$name: the curves come out as designed', (spine) => {
    const found = findCurves(spine.corners_px, spine.levels, view(spine));
    expect(found.map(words)).toEqual(
      spine.curves.map((curve) => [
        curve.upper_level,
        curve.lower_level,
        curve.apex_level,
        curve.side,
        curve.region,
      ]),
    );
    found.forEach((curve, row) => {
      expectAngle(curve.angleDeg, at(spine.curves, row).angle_deg);
      const rowOf = (level: string): Corners => at(spine.corners_px, spine.levels.indexOf(level));
      expect(curve.upperLine).toEqual(rowOf(curve.upperLevel).slice(0, 2));
      expect(curve.lowerLine).toEqual(rowOf(curve.lowerLevel).slice(2));
    });
  });

  test.each(golden.spines.filter((spine) => spine.tilts_deg))('$name: the tilts are those drawn', (spine) => {
    const found = endplateTiltsDeg(spine.corners_px).flat();
    spine.tilts_deg?.flat().forEach((designed, row) => expectAngle(at(found, row), designed));
  });

  test.each(golden.spines.filter((spine) => spine.aasce))('$name: the challenge angles follow', (spine) => {
    const found = aasceAngles(spine.corners_px, spine.aasce?.image_height_px ?? 0);
    spine.aasce?.angles_deg.forEach((designed, index) => expectAngle(at(found, index), designed));
  });
});

test.each(golden.fixed_levels)('$upper_level to $lower_level, however small', (fixed) => {
  const curve = curveBetween(fixed.corners_px, fixed.levels, fixed.upper_level, fixed.lower_level);
  expectAngle(curve.angleDeg, fixed.angle_deg);
  expect(curve.side).toBe(fixed.side);
});

test.each(golden.free_lines)('free lines: $name', (lines) => {
  expectAngle(cobbBetween(lines.upper_line, lines.lower_line), lines.angle_deg);
  expectAngle(
    cobbBetween(lines.upper_line, lines.lower_line, { patientRightAtImageRight: false }),
    -lines.angle_deg,
  );
});

test.each(golden.refused)('refused: $name', ({ corners_px, levels }) => {
  expect(() => findCurves(corners_px, levels)).toThrow(/\w+ \w+/);
});

describe('levels', () => {
  it('reads the spellings people use and refuses others', () => {
    for (const [text, level] of Object.entries(golden.levels.parsed)) expect(parseLevel(text)).toBe(level);
    for (const text of golden.levels.unknown) {
      expect(() => parseLevel(text)).toThrow('not a vertebral level');
    }
  });

  it('counts typical and atypical spines', () => {
    for (const { thoracic, lumbar, levels } of golden.levels.spines) {
      expect(spineLevels(thoracic, lumbar)).toEqual(levels);
      expect(checkLevels(levels)).toEqual(levels);
    }
    expect(spineLevels(12, 5, { withC7: true, withS1: true })).toHaveLength(19);
    expect(() => spineLevels(10)).toThrow('10 thoracic');
  });

  it('knows what lies above what, and what has a disc between', () => {
    for (const [place, rank] of Object.entries(golden.levels.ranks)) expect(heightRank(place)).toBe(rank);
    for (const pair of golden.levels.not_neighbours) {
      expect(() => discName(...pair)).toThrow('cannot come directly below');
    }
    expect(isAbove('T9', 'T10')).toBe(true);
    expect(isAbove('L1', 'T12')).toBe(false);
  });
});

describe('reading', () => {
  test.each(golden.reading.errors)('$readers reader, $levels levels', ({ readers, levels, error_deg }) => {
    expect(readingErrorDeg(readers, levels)).toBe(error_deg);
  });

  test.each(golden.reading.changes)('$earlier_deg to $later_deg, $readers, $levels', (change) => {
    const found = measurableChange(change.earlier_deg, change.later_deg, change.readers, change.levels);
    expectAngle(found.changeDeg, change.change_deg);
    expect(found.measurable).toBe(change.measurable);
  });
});

describe('balance', () => {
  test.each(golden.balance.coronal)('C7 at $c7, $mm_per_px mm per px', (balance) => {
    const found = coronalBalance(balance.c7, balance.sacrum, balance.mm_per_px, view(balance));
    expect(found).toEqual({ value: balance.value, unit: balance.unit });
  });

  test.each(golden.balance.t1_tilt)('T1 tilt $value', (tilt) => {
    expectAngle(t1TiltDeg(tilt.corners_px, view(tilt)), tilt.value);
  });
});

it('refuses lines and angles that mean nothing', () => {
  const good: Line = [
    [0, 0],
    [10, 0],
  ];
  const vertical: Line = [
    [5, 0],
    [5, 10],
  ];
  const unplaced: Line = [
    [0, 0],
    [Number.NaN, 1],
  ];
  expect(() => cobbBetween(good, vertical)).toThrow('the lower line is vertical');
  expect(() => cobbBetween(unplaced, good)).toThrow('the upper line needs two ends');
  expect(() => measurableChange(Number.NaN, 3)).toThrow('finite');
  expect(() => coronalBalance([0, 0], [1, 1], 0)).toThrow('positive');
});
