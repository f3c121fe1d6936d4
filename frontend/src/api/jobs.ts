import { call, type Query } from './client';
import type { Page, Person, Reference } from './types';

export type JobState = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type VersionState = 'candidate' | 'promoted' | 'retired';
export type Split = 'train' | 'validation' | 'test';
/** Figures by name: numbers, or numbers by name. */
export type Measured = Record<string, unknown>;

/**
 * By split. Shipped models also tell what they are worth on phantoms nobody tuned on, or by a cross-validation: on all
 * films (`raw`), on those whose labels can be trusted, by severity, and how often their intervals hold the truth.
 */
export type Metrics = Partial<
  Record<Split | 'held-out phantoms' | 'raw' | 'cleaned' | 'intervals', Measured> & {
    by_severity: Record<string, Measured>;
  }
>;

export interface JobProgress {
  epoch: number | null;
  epochs: number | null;
  step: number | null;
  steps: number | null;
  eta_s: number | null;
  loss: number | null;
}

export interface Recipe {
  kind: 'landmarks' | 'synthesis' | 'vertebrae';
  name: string;
  title: string;
  summary: string;
  target: 'back' | 'radiograph' | 'pair';
  channels: ('colour' | 'depth')[];
  architecture: string;
  epochs: number;
  batch: number;
  learning_rate: number;
  seed: number;
  precision: string;
  /** What only this kind of training has, and what few ask for, by name. */
  settings: Record<string, string | number | boolean | (string | number)[] | null>;
}

export interface Snapshot {
  id: string;
  project: string;
  name: string;
  schema: string;
  target: 'back' | 'radiograph' | 'pair';
  seed: number;
  digest: string;
  /** `with_corners`: pairs whose film has its vertebral corners set; null where they were not counted yet. */
  counts: Record<Split | 'subjects' | 'images' | 'with_depth', number> & { with_corners: number | null };
  created_by: Person;
  created_at: string;
}

export interface ModelName {
  id: string;
  label: string;
  state: VersionState;
}

interface Job {
  id: string;
  project: Reference;
  name: string;
  state: JobState;
  cancel_requested: boolean;
  progress: JobProgress | null;
  attempt: number;
  created_by: Person | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: string;
}

export interface TrainingJob extends Job {
  recipe: Recipe;
  snapshot: Snapshot;
  model: ModelName | null;
  /** The version whose weights it began from; null where it began anew. */
  start_from: ModelName | null;
  best_error_px: number | null;
  /** The validation loss of each finished epoch. */
  losses: number[];
}

/** A model that comes with the program. */
export interface ShippedModel {
  name: string;
  title: string;
  summary: string;
  schema: string;
  target: 'back' | 'radiograph' | 'pair';
  bytes: number;
}

/** What weights that come with the program say of themselves. */
export interface ModelCard {
  summary: string;
  data: { what: string; images: number; subjects: number; digest: string };
  limits: string[];
}

export interface InferenceJob extends Job {
  model: ModelName;
  images_count: number;
  /** Of how many images the model gave no proposal, and its most frequent sentences why. */
  refused_count: number;
  refused_why: { reason: string; images_count: number }[];
}

/** An image of which a model gave no proposal, and why. */
export interface Refusal {
  image: string;
  study: string;
  /** The schema that its proposal would have been in. */
  schema: string;
  model: ModelName;
  reason: string;
  created_at: string;
}

export interface Epoch {
  epoch: number;
  /** Every number the training told of the epoch, by its own name; see `lib/figures`. */
  values: Record<string, number | null>;
}

/** A picture that a training drew of a few cases after an epoch. */
export interface Sample {
  epoch: number;
  url: string;
  text: string;
}

export interface Samples {
  /** Somebody in the snapshot withdrew: none is shown any more. */
  withheld: boolean;
  samples: Sample[];
}

export interface ModelVersion {
  id: string;
  project: Reference;
  name: string;
  number: number;
  label: string;
  schema: string;
  target: 'back' | 'radiograph' | 'pair';
  architecture: string;
  recipe: Recipe;
  /** Null, both, of weights that come with the program: `shipped` names them, `card` says what they are. */
  snapshot: Snapshot | null;
  job: Reference | null;
  /** The version whose weights the training began from; null where it began anew. */
  start_from: ModelName | null;
  /** Names of the recipes whose training can begin from these weights. */
  fits: string[];
  shipped: string;
  card: ModelCard | Record<string, never>;
  commit: string;
  seed: number;
  weights_sha256: string;
  weights_bytes: number;
  parameters: number;
  best_epoch: number;
  seconds: number;
  device: string;
  precision: string;
  /** What was measured (see `lib/figures`), by split or by what else it was measured on. */
  metrics: Metrics;
  digest: string;
  state: VersionState;
  created_at: string;
  state_changed_at: string | null;
  predictions_count: number;
}

export interface ModelVersionDetail extends ModelVersion {
  /** Images of the project that the model can read and has placed nothing on yet. */
  unseen_images: number;
  /** Images it was trained on that were withdrawn or deleted since. */
  gone_images: number;
  /** The version in use for the same points, which promoting this one would retire. */
  in_use: ModelName | null;
  in_use_metrics: Metrics;
  /** Who made, promoted and retired it, the newest first. */
  acts: { at: string; actor: string; action: string }[];
  limits: string[];
}

const signalled = (signal?: AbortSignal) => (signal ? { signal } : {});

export const trainingJobs = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<TrainingJob>>('get', '/training-jobs', { query, ...signalled(signal) }),
  get: (id: string) => call<TrainingJob>('get', '/training-jobs/{id}', { path: { id } }),
  start: (body: {
    snapshot: string;
    recipe: string;
    name: string;
    changes: Record<string, number>;
    start_from: string | null;
  }) => call<TrainingJob>('post', '/training-jobs', { body }),
  cancel: (id: string) => call<TrainingJob>('post', '/training-jobs/{id}/cancel', { path: { id } }),
  resume: (id: string) => call<TrainingJob>('post', '/training-jobs/{id}/resume', { path: { id } }),
  log: (id: string) => call<{ text: string }>('get', '/training-jobs/{id}/log', { path: { id } }),
  samples: (id: string) => call<Samples>('get', '/training-jobs/{id}/samples', { path: { id } }),
  curve: (id: string) => call<{ epochs: Epoch[] }>('get', '/training-jobs/{id}/curve', { path: { id } }),
};

export const inferenceJobs = {
  list: (query: Query) => call<Page<InferenceJob>>('get', '/inference-jobs', { query }),
  /** On all that the model can read of some studies, or on all that it has not seen yet. */
  start: (model_version: string, studies?: string[]) =>
    call<InferenceJob>('post', '/inference-jobs', {
      body: studies ? { model_version, studies } : { model_version },
    }),
  cancel: (id: string) => call<InferenceJob>('post', '/inference-jobs/{id}/cancel', { path: { id } }),
};

export const shippedModels = {
  add: (body: { project: string; name: string }) =>
    call<ModelVersionDetail>('post', '/shipped-models', { body }),
};

export const modelVersions = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<ModelVersion>>('get', '/model-versions', { query, ...signalled(signal) }),
  get: (id: string) => call<ModelVersionDetail>('get', '/model-versions/{id}', { path: { id } }),
  promote: (id: string) => call<ModelVersionDetail>('post', '/model-versions/{id}/promote', { path: { id } }),
  retire: (id: string) => call<ModelVersionDetail>('post', '/model-versions/{id}/retire', { path: { id } }),
};
