import type { Epoch } from '@/api/jobs';
import { figureOf, GROUPS, inSentence, type Figure, type Group } from './figures';

/** One value per epoch; null where there is none. */
export type Points = { epoch: number; value: number | null }[];

/** How a line is told from the others of its chart, in this order. */
export const LOOKS = ['main', 'second', 'third', 'fourth'] as const;
export type Look = (typeof LOOKS)[number] | 'faint';

export interface Series {
  name: string;
  points: Points;
  look: Look;
}

export interface Chart {
  title: string;
  unit: string;
  /** So that the late epochs can be told apart. */
  logarithmic: boolean;
  series: Series[];
}

/** More lines than this in one chart cannot be followed. */
const MOST_LINES = 4;
const LOGARITHMIC: readonly Group[] = ['Loss', 'Heatmap error'];
/** While it trains, people look at the losses first. */
const ORDER: readonly Group[] = [
  'Loss',
  'Adversarial losses',
  ...GROUPS.filter((group) => group !== 'Loss' && group !== 'Adversarial losses' && group !== 'Counts'),
];
/** What is drawn first where there are more figures than lines; the rest follow as they were told. */
const FIRST = ['validation_loss', 'train_loss'];
const SECONDARY = /^(train_|.*_of_empty_map$)|(_p9[05]|_limit_deg|_mean)$/;

/** The figures of a training as charts: one for each group and unit of what it told. */
export function chartsOf(epochs: readonly Epoch[]): Chart[] {
  const named = [...new Set(epochs.flatMap((epoch) => Object.keys(epoch.values)))].map(figureOf);
  return grouped(named).map(({ title, unit, figures }) => ({
    title,
    unit,
    logarithmic: LOGARITHMIC.includes(title),
    series: figures.slice(0, MOST_LINES).map((figure, index) => ({
      name: figure.title,
      points: pointsOf(epochs, figure.name),
      look: SECONDARY.test(figure.name) ? 'faint' : (LOOKS[index] ?? 'faint'),
    })),
  }));
}

/** The same figure of several trainings in one chart; charts of figures that at least one of them told. */
export function comparedCharts(runs: readonly { name: string; epochs: readonly Epoch[] }[]): Chart[] {
  const names = runs.flatMap((run) => run.epochs.flatMap((epoch) => Object.keys(epoch.values)));
  const figures = [...new Set(names)].map(figureOf).filter(({ name }) => !SECONDARY.test(name));
  return grouped(figures).flatMap(({ title, unit, figures: inside }) =>
    inside.map((figure) => ({
      title: inside.length > 1 || figure.title !== title ? `${title}: ${inSentence(figure.title)}` : title,
      unit,
      logarithmic: LOGARITHMIC.includes(title),
      series: runs.map((run, index) => ({
        name: run.name,
        points: pointsOf(run.epochs, figure.name),
        look: LOOKS[index] ?? 'faint',
      })),
    })),
  );
}

function grouped(figures: readonly Figure[]): { title: Group; unit: string; figures: Figure[] }[] {
  const rank = (figure: Figure) => {
    const first = FIRST.indexOf(figure.name);
    return first >= 0 ? first - FIRST.length : SECONDARY.test(figure.name) ? 1 : 0;
  };
  return ORDER.flatMap((title) => {
    const inside = figures.filter((figure) => figure.group === title);
    return [...new Set(inside.map((figure) => figure.unit))].map((unit) => ({
      title,
      unit,
      figures: inside.filter((figure) => figure.unit === unit).toSorted((a, b) => rank(a) - rank(b)),
    }));
  });
}

function pointsOf(epochs: readonly Epoch[], name: string): Points {
  return epochs.map(({ epoch, values }) => ({ epoch, value: values[name] ?? null }));
}
