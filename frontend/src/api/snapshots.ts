import { call, type Query } from './client';
import type { ModelName, Snapshot, Split, JobState, JobProgress } from './jobs';
import type { Page, Reference } from './types';

export type Review = 'complete' | 'accepted' | 'signed';

/** What a person chose when freezing. Consent is no choice: only who has given it enters. */
export interface Choice {
  consent: 'given';
  review: Review;
  visits_from: string | null;
  visits_to: string | null;
  validation_share: number;
  test_share: number;
  /** The snapshot whose subjects stay on the side that they have there. */
  split_as: string | null;
}

/** What is asked of a freezing, or of its preview. */
export interface Draft extends Omit<Choice, 'consent'> {
  project: string;
  schema: string;
  seed: number;
  pairs: boolean;
}

export type Reason =
  'withdrawn' | 'visit' | 'put_aside' | 'unlabelled' | 'returned' | 'unreviewed' | 'another' | 'without_film';

export interface FreezePreview {
  counts: Snapshot['counts'];
  subjects: Record<Split, number>;
  left_out: { reason: Reason; images: number }[];
  /** Why it cannot be frozen; empty where it can. */
  problem: string;
}

export interface SnapshotFacts extends Snapshot {
  /** Null of the first snapshots, which took whatever was complete. */
  choice: Choice | null;
  gone_images: number;
}

/** One image of a contact sheet. Of one that is withdrawn or deleted since, only its place is told. */
export interface Entry {
  image: string;
  split: Split;
  gone: boolean;
  pseudonym: string;
  visit_date: string;
  width: number;
  height: number;
  thumbnail: string | null;
  display_flip: boolean;
  /** In the order of the schema, in shares of width and height. */
  points: ([number, number] | null)[];
  /** The thumbnail of the X-ray, of a pair. */
  film: string | null;
}

/** Statistics of whole-number pixel values; `bins`: shares of 32 equal parts from min to max. */
export interface Levels {
  pixels: number;
  min: number;
  max: number;
  mean: number;
  sd: number;
  bins: number[];
}

export interface Angles {
  images: number;
  without: number;
  mean?: number;
  median?: number;
  max?: number;
  bins: number[];
  /** Below 10, from 10, from 25 and from 45 degrees. */
  severity: number[];
}

export interface SurveyPart {
  images: number;
  levels: (Levels & { name: 'red' | 'green' | 'blue' | 'grey' })[];
  depth_mm: {
    whole: Levels;
    back: Levels | null;
    beyond: Levels | null;
    holes: number;
    back_share: number;
  } | null;
  cobb_deg: Angles;
}

export interface Places {
  points: {
    name: string;
    images: number;
    mean: [number, number] | null;
    covariance: [number, number, number] | null;
  }[];
  /** Index of the point, x, y, in shares of the picture. */
  dots: [number, number, number][];
  /** Width over height, the median. */
  aspect: number;
}

/** What `inference.survey` measured. */
export interface SurveyResult {
  images: number;
  left_out: number;
  unreadable: { image: string; reason: string }[];
  all: SurveyPart;
  splits: Record<Split, SurveyPart>;
  cobb_step_deg: number;
  cobb_source: 'landmarks' | 'measurements';
  /** How many points there are, and how many lie where which model had placed them. The first surveys lack it. */
  taken_over?: { points: number; models: { label: string; points: number; images: number }[] };
  places: Places;
  sizes: { width: number; height: number; images: number }[];
  film_sizes: { width: number; height: number; images: number }[];
}

export interface Survey {
  id: string;
  project: Reference;
  name: string;
  state: JobState;
  progress: JobProgress | null;
  cancel_requested: boolean;
  attempt: number;
  created_at: string;
  finished_at: string | null;
  error: string;
  result: SurveyResult | null;
}

export interface ImageDifference {
  id: string;
  kind: 'added' | 'removed' | 'changed';
  parts: string[];
  pseudonym: string;
  thumbnail: string | null;
  split_before: Split | null;
  split_after: Split | null;
}

export interface SnapshotDifference {
  before: Snapshot;
  after: Snapshot;
  settings: { name: string; before: string | null; after: string | null }[];
  added: number;
  removed: number;
  changed: number;
  moved: number;
  same: number;
  images: ImageDifference[];
}

/** Where a subject's pictures went. */
export interface Use {
  subject: { id: string; pseudonym: string; consent: string };
  snapshots: Reference[];
  trainings: (Reference & { state: JobState })[];
  models: ModelName[];
}

export const frozen = {
  freeze: (body: Draft & { name: string }) => call<Snapshot>('post', '/snapshots', { body }),
  preview: (body: Draft, signal?: AbortSignal) =>
    call<FreezePreview>('post', '/snapshots/preview', { body, ...(signal ? { signal } : {}) }),
  entries: (id: string, query: Query) =>
    call<Page<Entry>>('get', '/snapshots/{id}/entries', { path: { id }, query }),
  survey: (id: string) => call<Survey>('get', '/snapshots/{id}/survey', { path: { id } }),
  askSurvey: (id: string) => call<Survey>('post', '/snapshots/{id}/survey', { path: { id } }),
};

export const uses = {
  ofSubject: (id: string) => call<Use>('get', '/subjects/{id}/uses', { path: { id } }),
  ofWithdrawn: (id: string) => call<Use[]>('get', '/projects/{id}/withdrawn-uses', { path: { id } }),
};
