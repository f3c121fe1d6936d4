import type { Measured } from '@/api/jobs';

/**
 * What the numbers mean that trainings tell and models are measured by. Each kind of training has its own; a name that
 * is not known here is shown by its words and the unit at its end, so that nothing measured is ever hidden.
 */
export interface Figure {
  name: string;
  title: string;
  /** What it is drawn with and listed under. */
  group: Group;
  /** Which way is better; empty where neither is. */
  better: 'lower' | 'higher' | '';
  unit: string;
}

export type Group =
  | 'Loss'
  | 'Adversarial losses'
  | 'Landmark error, px'
  | 'Landmark error, mm'
  | 'Heatmap error'
  | 'Likeness of films'
  | 'Distance of hashes'
  | 'Cobb error'
  | 'Intervals'
  | 'Vertebrae'
  | 'Counts'
  | 'Other figures';

/** In this order they are shown. */
export const GROUPS: readonly Group[] = [
  'Cobb error',
  'Intervals',
  'Vertebrae',
  'Landmark error, mm',
  'Landmark error, px',
  'Likeness of films',
  'Distance of hashes',
  'Heatmap error',
  'Loss',
  'Adversarial losses',
  'Other figures',
  'Counts',
];

type Known = [title: string, group: Group, better: Figure['better']];
const KNOWN: Record<string, Known> = {
  images: ['Images', 'Counts', ''],
  points: ['Points', 'Counts', ''],
  loss: ['Loss', 'Loss', 'lower'],
  train_loss: ['Training', 'Loss', 'lower'],
  validation_loss: ['Validation', 'Loss', 'lower'],
  train_l1: ['L1, training', 'Loss', 'lower'],
  column_loss: ['Vertebrae, training', 'Loss', 'lower'],
  l1: ['Mean difference of grey levels', 'Likeness of films', 'lower'],
  heatmap_mse: ['Heatmap error (MSE)', 'Heatmap error', 'lower'],
  heatmap_mse_of_empty_map: ['of an empty map', 'Heatmap error', ''],
  histogram_intersection: ['Histogram intersection', 'Likeness of films', 'higher'],
  ms_ssim: ['MS-SSIM, 4 scales', 'Likeness of films', 'higher'],
  kernel_distance_16x32: ['Kernel distance of the two sets', 'Likeness of films', 'lower'],
  kid: ['KID', 'Likeness of films', 'lower'],
  ahash: ['Average hash', 'Distance of hashes', 'lower'],
  dhash: ['Difference hash', 'Distance of hashes', 'lower'],
  phash: ['Perceptual hash', 'Distance of hashes', 'lower'],
  corner_px_mean: ['Mean corner error', 'Vertebrae', 'lower'],
  corner_heights_mean: ['Mean corner error, vertebra heights', 'Vertebrae', 'lower'],
  column_error_px_median: ['Corners, found on the back', 'Vertebrae', 'lower'],
  column_gain: ['Gain of found curves', 'Vertebrae', ''],
  column_cobb_mae_deg: ['Error, found on the back', 'Cobb error', 'lower'],
  column_cobb_bias_deg: ['Bias, found on the back', 'Cobb error', ''],
  normalised_mse: ['Normalised MSE', 'Vertebrae', 'lower'],
  smape_percent: ['SMAPE of three angles', 'Cobb error', 'lower'],
  major_within_5_deg_percent: ['Major: within 5°', 'Cobb error', 'higher'],
  major_pearson: ['Major: correlation', 'Cobb error', 'higher'],
  second_pearson: ['Second: correlation', 'Cobb error', 'higher'],
  third_pearson: ['Third: correlation', 'Cobb error', 'higher'],
  answered_mae_deg: ['Major, where answered: mean error', 'Cobb error', 'lower'],
  abstained_percent: ['Without an answer', 'Cobb error', 'lower'],
  withheld_percent: ['Films whose angles are withheld', 'Intervals', 'lower'],
  coverage_90_percent: ['Major: truth within the 90 % interval', 'Intervals', ''],
  interval_width_median_deg: ['Major: median width', 'Intervals', 'lower'],
  wider_than_10_deg_percent: ['Major: wider than 10°', 'Intervals', 'lower'],
  may_be_off_by_10_deg_percent: ['Major: may be off by more than 10°', 'Intervals', 'lower'],
  curves_coverage_90_percent: ['Each curve: truth within the 90 % interval', 'Intervals', ''],
  curves_interval_width_median_deg: ['Each curve: median width', 'Intervals', 'lower'],
  curves_wider_than_10_deg_percent: ['Each curve: wider than 10°', 'Intervals', 'lower'],
  curves_may_be_off_by_10_deg_percent: ['Each curve: may be off by more than 10°', 'Intervals', 'lower'],
  patients: ['Patients', 'Counts', ''],
  seconds_median: ['Seconds a film, median', 'Other figures', 'lower'],
  seconds_longest: ['Seconds a film, longest', 'Other figures', 'lower'],
  severity_kappa: ['Kappa of severity', 'Cobb error', 'higher'],
  cobb_r: ['Cobb: correlation', 'Cobb error', 'higher'],
  cobb_90_percent_deg: ['Cobb: nine in ten are within', 'Cobb error', 'lower'],
  cobb_90_percent_coverage: ['Cobb: how many of others are', 'Cobb error', ''],
  cobb_unread: ['Cobb: films not read', 'Cobb error', 'lower'],
  reader_cobb_mae_deg: ['The reader on real films: mean error', 'Cobb error', ''],
  reader_cobb_bias_deg: ['The reader on real films: bias', 'Cobb error', ''],
  reader_cobb_limit_low_deg: ['The reader on real films: lower limit', 'Cobb error', ''],
  reader_cobb_limit_high_deg: ['The reader on real films: upper limit', 'Cobb error', ''],
  reader_cobb_90_percent_deg: ['The reader on real films: nine in ten', 'Cobb error', ''],
  reader_cobb_90_percent_coverage: ['The reader on real films: of others', 'Cobb error', ''],
  reader_cobb_unread: ['The reader on real films: not read', 'Cobb error', ''],
  reader_cobb_r: ['The reader on real films: correlation', 'Cobb error', ''],
  corner_error: ['Corner error, 0.1 % of C7 to sacrum', 'Vertebrae', 'lower'],
  reader_corner_error: ['The reader on real films', 'Vertebrae', ''],
  within_10_mm: ['Share within 10 mm', 'Landmark error, mm', 'higher'],
  refused: ['Refused', 'Counts', 'lower'],
  without_film: ['Without a film', 'Counts', 'lower'],
};

const STATISTIC: Record<string, string> = {
  mean: 'Mean',
  median: 'Median',
  p90: '90 % within',
  p95: '95 % within',
  mae: 'Mean error',
  bias: 'Bias',
  lower_limit: 'Lower limit of agreement',
  upper_limit: 'Upper limit of agreement',
  limit_low: 'Lower limit of agreement',
  limit_high: 'Upper limit of agreement',
};
const UNITS: Record<string, string> = { px: 'px', mm: 'mm', deg: '°', percent: '%', s: 's' };

/** A figure by its name: known, or read from the name's own parts. */
export function figureOf(name: string): Figure {
  const unit = unitOf(name);
  const known = KNOWN[name];
  if (known) return { name, title: known[0], group: known[1], better: known[2], unit };
  const error = /^error_(px|mm)_(\w+)$/.exec(name);
  if (error) {
    const [, of = '', statistic = ''] = error;
    const title = STATISTIC[statistic] ?? words(statistic);
    const group = of === 'mm' ? 'Landmark error, mm' : 'Landmark error, px';
    return { name, title, group, better: 'lower', unit: of };
  }
  const angle = /^(\w+?)_(mae|median|bias|lower_limit|upper_limit|limit_low|limit_high|p90|p95)_deg$/.exec(
    name,
  );
  if (angle) {
    const [, which = '', statistic = ''] = angle;
    const title = `${words(which)}: ${(STATISTIC[statistic] ?? statistic).toLowerCase()}`;
    const lower = statistic === 'mae' || statistic.startsWith('p') || statistic === 'median';
    return { name, title, group: 'Cobb error', better: lower ? 'lower' : '', unit };
  }
  if (/(critic|discriminator|generator|adversarial|gan)/.test(name))
    return { name, title: words(name), group: 'Adversarial losses', better: '', unit };
  if (name.endsWith('_loss')) return { name, title: words(name), group: 'Loss', better: 'lower', unit };
  if (/(_deg|cobb|pearson|within_\d+_deg_percent)/.test(name))
    return {
      name,
      title: words(name),
      group: 'Cobb error',
      better: /(pearson|within)/.test(name) ? 'higher' : 'lower',
      unit,
    };
  if (name.startsWith('corner_'))
    return { name, title: words(name), group: 'Vertebrae', better: 'lower', unit };
  return { name, title: words(name), group: 'Other figures', better: '', unit };
}

/** Parts of a whole, shown in per cent. */
const SHARES = /(^within_\d+_mm|_coverage)$/;

function unitOf(name: string): string {
  if (SHARES.test(name)) return 'share';
  const error = /_(px|mm)_/.exec(name);
  if (error?.[1]) return UNITS[error[1]] ?? '';
  return UNITS[name.split('_').at(-1) ?? ''] ?? '';
}

function words(name: string): string {
  const plain = name.replace(/_(px|mm|deg|percent|s)$/, '').replaceAll('_', ' ');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** A number with its unit; very small ones as powers of ten. */
export function shownFigure(figure: Figure, value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (figure.unit === 'share') return `${written(100 * value)}\u00a0%`;
  const number = written(value);
  if (!figure.unit) return number;
  return figure.unit === '°' ? `${number}°` : `${number}\u00a0${figure.unit}`;
}

function written(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return value.toLocaleString('en');
  const sign = value < 0 ? '−' : '';
  if (size >= 100) return sign + size.toFixed(0);
  if (size >= 10) return sign + size.toFixed(1);
  if (size >= 0.01) return sign + String(Number(size.toPrecision(3)));
  const [mantissa = '', power = ''] = size.toExponential(2).split('e');
  return `${sign}${mantissa}\u00a0×\u00a010${raised(power)}`;
}

function raised(power: string): string {
  return [...power].map((sign) => (sign === '-' ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? ''))).join('');
}

/** A title within a sentence; what is written in capitals stays. */
export function inSentence(title: string): string {
  return /^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** One row of a table of figures: its values by column, as numbers, and their 95 % intervals where they have one. */
export interface FigureRow {
  figure: Figure;
  values: (number | null)[];
  intervals: ([number, number] | null)[];
}

export interface FigureGroup {
  title: Group;
  rows: FigureRow[];
}

/** The numbers of several measurements side by side, by group, each in the order of `GROUPS`. */
export function figureTable(columns: readonly (Measured | undefined)[]): FigureGroup[] {
  const names = new Set(columns.flatMap((column) => Object.keys(column ?? {})));
  const rows = [...names]
    .filter((name) => !names.has(name.replace(/_(low|high)$/, '')) || !/_(low|high)$/.test(name))
    .map((name) => ({
      figure: figureOf(name),
      values: columns.map((column) => numberOf(column?.[name])),
      intervals: columns.map((column) => intervalOf(column, name)),
    }))
    .filter((row) => row.values.some((value) => value !== null));
  return GROUPS.map((title) => ({ title, rows: rows.filter((row) => row.figure.group === title) })).filter(
    (group) => group.rows.length > 0,
  );
}

/** Figures that come by name (the error of each point): the name of the whole, and its parts. */
export function figureLists(measured: Measured | undefined): { name: string; parts: [string, number][] }[] {
  return Object.entries(measured ?? {}).flatMap(([name, value]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const parts = Object.entries(value).filter(
      (part): part is [string, number] => typeof part[1] === 'number',
    );
    return parts.length > 0 ? [{ name, parts }] : [];
  });
}

/** A figure named by itself, where nothing about it says of what it is: "Landmark error: median". */
export function nameOfFigure(figure: Figure): string {
  const group = figure.group.replace(/, (px|mm)$/, '');
  return /error|loss/i.test(group) && !/error|loss/i.test(figure.title)
    ? `${group}: ${inSentence(figure.title)}`
    : figure.title;
}

/** Which column has the best value of a row; null where neither way is better or they are equal. */
export function bestColumn(row: FigureRow): number | null {
  const known = row.values.flatMap((value, column) => (value === null ? [] : [{ value, column }]));
  if (row.figure.better === '' || known.length < 2) return null;
  const sign = row.figure.better === 'lower' ? 1 : -1;
  const sorted = known.toSorted((a, b) => sign * (a.value - b.value));
  return sorted[0]?.value === sorted[1]?.value ? null : (sorted[0]?.column ?? null);
}

function intervalOf(column: Measured | undefined, name: string): [number, number] | null {
  const both = column?.[`${name}_95`];
  if (Array.isArray(both)) {
    const [low = null, high = null] = both.map(numberOf);
    return low === null || high === null ? null : [low, high];
  }
  const low = numberOf(column?.[`${name}_low`]);
  const high = numberOf(column?.[`${name}_high`]);
  return low === null || high === null ? null : [low, high];
}

/** "2.07 to 2.20": an interval in the unit of its figure, which stands beside it. */
export function shownInterval([low, high]: [number, number]): string {
  return `${written(low)} to ${written(high)}`;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The figure a model is known by in a list: the first of these that was measured. */
const HEADLINES = [
  'cobb_mae_deg',
  'major_mae_deg',
  'error_mm_median',
  'error_px_median',
  'ms_ssim',
  'histogram_intersection',
  'loss',
];

export function headline(measured: Measured | undefined): { figure: Figure; value: number } | null {
  for (const name of HEADLINES) {
    const value = numberOf(measured?.[name]);
    if (value !== null) return { figure: figureOf(name), value };
  }
  return null;
}
