import { describe, expect, it } from 'vitest';
import { BACK_SPOTS, spineSpot } from './whereabouts';

describe('the drawing of a back', () => {
  it("has the patient's left on the left and pairs at the same height", () => {
    for (const name of ['shoulder', 'scapula', 'waist', 'PSIS']) {
      const [left, right] = [BACK_SPOTS[`${name}_L`]!, BACK_SPOTS[`${name}_R`]!];
      expect(left.x).toBeLessThan(30);
      expect([left.x + right.x, left.y]).toEqual([60, right.y]);
    }
  });
  it('has the points from above downward as a body has', () => {
    const down = ['C7', 'shoulder_L', 'scapula_L', 'waist_L', 'PSIS_L', 'sacrum'];
    const heights = down.map((name) => BACK_SPOTS[name]!.y);
    expect(heights).toEqual([...heights].sort((a, b) => a - b));
  });
});

describe('the drawing of a spine', () => {
  const schema = ['T1', 'T2', 'L6'].flatMap((level) => ['TL', 'TR', 'BL', 'BR'].map((c) => `${level}_${c}`));

  it('shows the level among those of the schema, and the corner', () => {
    const levels = ['T1', 'T2', 'L6'];
    expect(spineSpot('T2_TL', schema, false)).toEqual({ levels, level: 'T2', x: 0, y: 0 });
    expect(spineSpot('L6_BR', schema, false)).toEqual({ levels, level: 'L6', x: 1, y: 1 });
  });
  it('shows a corner where it lies on a picture that is drawn mirrored', () => {
    expect(spineSpot('T2_TL', schema, true)).toMatchObject({ x: 1, y: 0 });
    expect(spineSpot('T2_BR', schema, true)).toMatchObject({ x: 0, y: 1 });
  });
  it('knows the two points of the alignment, and no others', () => {
    expect(spineSpot('C7', ['C7', 'sacrum'], false)).toMatchObject({ level: 'C7', x: 0.5, y: 0.5 });
    expect(spineSpot('sacrum', ['C7', 'sacrum'], true)).toMatchObject({ level: 'S1', x: 0.5, y: 0 });
    expect(spineSpot('hip', ['hip'], false)).toBeNull();
  });
});
