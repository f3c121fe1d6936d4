import { describe, expect, it } from 'vitest';
import { chartsOf, comparedCharts } from './curves';

const epoch = (number: number, values: Record<string, number | null>) => ({ epoch: number, values });

describe('chartsOf', () => {
  it('puts what belongs together into one chart, losses first', () => {
    const charts = chartsOf([
      epoch(1, { error_px_p90: 9, error_px_median: 5, critic_loss: 0.4, train_loss: 2, validation_loss: 3 }),
      epoch(2, { error_px_p90: 7, error_px_median: 4, critic_loss: null, train_loss: 1, validation_loss: 2 }),
    ]);
    expect(charts.map(({ title, unit, logarithmic }) => [title, unit, logarithmic])).toEqual([
      ['Loss', '', true],
      ['Adversarial losses', '', false],
      ['Landmark error, px', 'px', false],
    ]);
    expect(charts[0]?.series.map(({ name, look }) => [name, look])).toEqual([
      ['Validation', 'main'],
      ['Training', 'faint'],
    ]);
    expect(charts[1]?.series[0]?.points).toEqual([
      { epoch: 1, value: 0.4 },
      { epoch: 2, value: null },
    ]);
    expect(charts[2]?.series.map(({ name }) => name)).toEqual(['Median', '90 % within']);
  });

  it('draws no more lines than can be followed, and no counts', () => {
    const values = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}_loss`, 1]));
    const [only, ...others] = chartsOf([epoch(1, { ...values, images: 4 })]);
    expect(only?.series).toHaveLength(4);
    expect(others).toEqual([]);
  });

  it('keeps figures of two units apart', () => {
    const charts = chartsOf([epoch(1, { major_mae_deg: 4, smape_percent: 20, severity_kappa: 0.8 })]);
    expect(charts.map(({ title, unit }) => [title, unit])).toEqual([
      ['Cobb error', '°'],
      ['Cobb error', '%'],
      ['Cobb error', ''],
    ]);
  });

  it('has nothing to draw before the first epoch', () => {
    expect(chartsOf([])).toEqual([]);
  });
});

describe('comparedCharts', () => {
  it('lays one figure of several trainings into one chart', () => {
    const charts = comparedCharts([
      { name: 'A', epochs: [epoch(1, { validation_loss: 3, train_loss: 4 })] },
      { name: 'B', epochs: [epoch(1, { validation_loss: 2, ms_ssim: 0.5 })] },
    ]);
    expect(charts.map(({ title }) => title)).toEqual([
      'Loss: validation',
      'Likeness of films: MS-SSIM, 4 scales',
    ]);
    expect(charts[0]?.series.map(({ name, look, points }) => [name, look, points[0]?.value])).toEqual([
      ['A', 'main', 3],
      ['B', 'second', 2],
    ]);
    expect(charts[1]?.series[0]?.points[0]?.value).toBeNull();
  });
});
