import { call, type Query } from './client';
import type { Page, Person, Reference } from './types';

export type JobState = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type VersionState = 'candidate' | 'promoted' | 'retired';
export type Split = 'train' | 'validation' | 'test';

export interface JobProgress {
  epoch: number | null;
  epochs: number | null;
  step: number | null;
  steps: number | null;
  eta_s: number | null;
  loss: number | null;
}

export interface Recipe {
  name: string;
  title: string;
  summary: string;
  target: 'back' | 'radiograph';
  channels: ('colour' | 'depth')[];
  architecture: string;
  image_px: number;
  heatmap_stride: number;
  heatmap_sigma: number;
  width: number;
  epochs: number;
  batch: number;
  least_samples: number;
  learning_rate: number;
  weight_decay: number;
  seed: number;
  foreground_weight: number;
  flip_probability: number;
  rotate_deg: number;
  translate_fraction: number;
  scale_fraction: number;
  brightness_fraction: number;
  precision: string;
}

export interface Snapshot {
  id: string;
  project: string;
  name: string;
  schema: string;
  target: 'back' | 'radiograph';
  seed: number;
  digest: string;
  counts: Record<Split | 'subjects' | 'images' | 'with_depth', number>;
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
  best_error_px: number | null;
  /** The validation loss of each finished epoch. */
  losses: number[];
}

export interface InferenceJob extends Job {
  model: ModelName;
  images_count: number;
}

export interface Epoch {
  epoch: number;
  train_loss: number | null;
  validation_loss: number | null;
  error_px_median: number | null;
  error_px_p90: number | null;
  heatmap_mse: number | null;
  heatmap_mse_of_empty_map: number | null;
}

/** Landmark errors in pixels of the stored image, over all points of all images of one split. */
export interface Scores {
  images: number;
  points: number;
  loss: number | null;
  error_px_mean: number | null;
  error_px_median: number | null;
  error_px_p90: number | null;
  error_px_p95: number | null;
  heatmap_mse: number | null;
  heatmap_mse_of_empty_map: number | null;
  error_px_by_point: Record<string, number>;
}

export interface ModelVersion {
  id: string;
  project: Reference;
  name: string;
  number: number;
  label: string;
  schema: string;
  target: 'back' | 'radiograph';
  architecture: string;
  recipe: Recipe;
  snapshot: Snapshot;
  job: Reference;
  commit: string;
  seed: number;
  weights_sha256: string;
  weights_bytes: number;
  parameters: number;
  best_epoch: number;
  seconds: number;
  device: string;
  validation: Scores | null;
  test: Scores | null;
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
}

const signalled = (signal?: AbortSignal) => (signal ? { signal } : {});

export const snapshots = {
  list: (query: Query) => call<Page<Snapshot>>('get', '/snapshots', { query }),
  freeze: (body: { project: string; name: string; schema: string; seed: number }) =>
    call<Snapshot>('post', '/snapshots', { body }),
};

export const trainingJobs = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<TrainingJob>>('get', '/training-jobs', { query, ...signalled(signal) }),
  get: (id: string) => call<TrainingJob>('get', '/training-jobs/{id}', { path: { id } }),
  start: (body: { snapshot: string; recipe: string; name: string; changes: Record<string, number> }) =>
    call<TrainingJob>('post', '/training-jobs', { body }),
  cancel: (id: string) => call<TrainingJob>('post', '/training-jobs/{id}/cancel', { path: { id } }),
  log: (id: string) => call<{ text: string }>('get', '/training-jobs/{id}/log', { path: { id } }),
  curve: (id: string) => call<{ epochs: Epoch[] }>('get', '/training-jobs/{id}/curve', { path: { id } }),
};

export const inferenceJobs = {
  list: (query: Query) => call<Page<InferenceJob>>('get', '/inference-jobs', { query }),
  start: (model_version: string) =>
    call<InferenceJob>('post', '/inference-jobs', { body: { model_version } }),
  cancel: (id: string) => call<InferenceJob>('post', '/inference-jobs/{id}/cancel', { path: { id } }),
};

export const modelVersions = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<ModelVersion>>('get', '/model-versions', { query, ...signalled(signal) }),
  get: (id: string) => call<ModelVersionDetail>('get', '/model-versions/{id}', { path: { id } }),
  promote: (id: string) => call<ModelVersionDetail>('post', '/model-versions/{id}/promote', { path: { id } }),
  retire: (id: string) => call<ModelVersionDetail>('post', '/model-versions/{id}/retire', { path: { id } }),
};
