import { describe, expect, it } from 'vitest';
import {
  bestColumn,
  figureLists,
  figureOf,
  figureTable,
  headline,
  shownFigure,
  shownInterval,
} from './figures';

describe('figureOf', () => {
  it.each([
    ['error_px_median', 'Median', 'Landmark error, px', 'lower', 'px'],
    ['error_mm_p95', '95 % within', 'Landmark error, mm', 'lower', 'mm'],
    ['major_mae_deg', 'Major: mean error', 'Cobb error', 'lower', '°'],
    ['major_bias_deg', 'Major: bias', 'Cobb error', '', '°'],
    ['critic_loss', 'Critic loss', 'Adversarial losses', '', ''],
    ['landmark_loss', 'Landmark loss', 'Loss', 'lower', ''],
    ['ms_ssim', 'MS-SSIM, 4 scales', 'Likeness of films', 'higher', ''],
    ['major_within_5_deg_percent', 'Major: within 5°', 'Cobb error', 'higher', '%'],
    ['something_new_mm', 'Something new', 'Other figures', '', 'mm'],
  ])('reads %s', (name, title, group, better, unit) => {
    expect(figureOf(name)).toEqual({ name, title, group, better, unit });
  });
});

describe('shownFigure', () => {
  it.each([
    ['error_px_median', 2.5, '2.5\u00a0px'],
    ['major_bias_deg', -0.456, '−0.456°'],
    ['images', 1234, '1,234'],
    ['heatmap_mse', 0.00004747, '4.75\u00a0×\u00a010⁻⁵'],
    ['loss', 123.4, '123'],
    ['loss', null, '–'],
    ['loss', NaN, '–'],
  ])('writes %s %s', (name, value, text) => {
    expect(shownFigure(figureOf(name), value)).toBe(text);
  });
});

describe('figureTable', () => {
  const test = { images: 4, ms_ssim: 0.7, phash: 5, by_point: { C7: 2 } };
  const validation = { images: 3, ms_ssim: 0.8, l1: 0.1 };

  it('puts what was measured side by side, the figure that counts first', () => {
    const groups = figureTable([test, validation, undefined]);
    expect(groups.map((group) => group.title)).toEqual(['Likeness of films', 'Distance of hashes', 'Counts']);
    expect(groups[0]?.rows.map((row) => [row.figure.name, ...row.values])).toEqual([
      ['ms_ssim', 0.7, 0.8, null],
      ['l1', null, 0.1, null],
    ]);
  });

  it('knows which of several is better, where one is', () => {
    const [likeness, hashes] = figureTable([test, validation]);
    expect(likeness?.rows.map(bestColumn)).toEqual([1, null]);
    expect(hashes?.rows.map(bestColumn)).toEqual([null]);
    expect(bestColumn({ figure: figureOf('loss'), values: [2, 2], intervals: [] })).toBeNull();
    expect(bestColumn({ figure: figureOf('loss'), values: [2, 1], intervals: [] })).toBe(1);
  });

  it('puts the ends of an interval beside its figure', () => {
    const column = {
      error_mm_median: 2.131,
      error_mm_median_low: 2.07,
      error_mm_median_high: 2.2,
      depth_low: 1,
    };
    const rows = figureTable([column, test]).flatMap((group) => group.rows);
    const [median] = rows.filter((row) => row.figure.name.startsWith('error'));
    expect(median?.intervals).toEqual([[2.07, 2.2], null]);
    expect(shownInterval([2.07, 2.2])).toBe('2.07 to 2.2');
    expect(rows.map((row) => row.figure.name)).toContain('depth_low');
    const [pair] = figureTable([{ smape_percent: 9.5, smape_percent_95: [8.4, 10.8] }])[0]?.rows ?? [];
    expect(pair?.intervals).toEqual([[8.4, 10.8]]);
    expect(rows.filter((row) => row.figure.name.startsWith('error'))).toHaveLength(1);
  });

  it('shows parts of a whole in per cent', () => {
    expect(shownFigure(figureOf('within_10_mm'), 0.999)).toBe('99.9\u00a0%');
    expect(shownFigure(figureOf('cobb_90_percent_coverage'), 0.916)).toBe('91.6\u00a0%');
    expect(shownFigure(figureOf('cobb_unread'), 0)).toBe('0');
  });

  it('keeps figures by name apart', () => {
    expect(figureLists(test)).toEqual([{ name: 'by_point', parts: [['C7', 2]] }]);
    expect(figureLists({ curve: [1, 2], none: {} })).toEqual([]);
  });
});

describe('headline', () => {
  it('is the figure that counts most of those measured', () => {
    expect(headline({ ms_ssim: 0.7, cobb_mae_deg: 4.2 })?.value).toBe(4.2);
    expect(headline({ loss: 0.1, error_px_median: 3 })?.figure.name).toBe('error_px_median');
    expect(headline({})).toBeNull();
    expect(headline(undefined)).toBeNull();
  });
});
