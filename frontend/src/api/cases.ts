import { call, callWithEtag } from './client';
import type { Refusal } from './jobs';
import type {
  LabelCase,
  LandmarkSet,
  Oddities,
  Page,
  Point,
  Prediction,
  ReadCase,
  Remark,
  RemarkKind,
  Review,
  Revision,
  Verdict,
} from './types';

export const cases = {
  label: (image: string, schema: string) =>
    call<LabelCase>('get', '/label-cases/{image}', { path: { image }, query: { schema } }),
  read: (study: string) => call<ReadCase>('get', '/read-cases/{study}', { path: { study } }),
};

export interface LandmarkSave {
  image: string;
  schema: string;
  revision: number;
  /** One per content: the server answers a repeated key as it did the first time. */
  key: string;
  points: readonly Point[];
  /** The other set that some of the points were taken from. */
  began_from: LandmarkSet['began_from'];
}

export const landmarks = {
  /** One person's next revision. 412 when `revision` is not the newest; its body's `current` is. */
  save: ({ image, schema, revision, key, points, began_from }: LandmarkSave, signal?: AbortSignal) =>
    callWithEtag<LandmarkSet>('put', '/images/{image}/landmarks/{schema}', {
      path: { image, schema },
      body: { points, began_from },
      headers: { 'If-Match': `"${revision}"`, 'Idempotency-Key': key },
      keepalive: true,
      ...(signal ? { signal } : {}),
    }),
  /** How sure a model was of the newest points of its set. */
  prediction: (set: string) => call<Prediction>('get', '/landmark-sets/{set}/prediction', { path: { set } }),
  /** Vertebrae of a whole column that do not look as in others. */
  oddities: (set: string) => call<Oddities>('get', '/landmark-sets/{set}/oddities', { path: { set } }),
  get: (image: string, schema: string) =>
    call<LandmarkSet>('get', '/images/{image}/landmarks/{schema}', { path: { image, schema } }),
  revision: (set: string, number: number) =>
    call<LandmarkSet>('get', '/landmark-sets/{set}/revisions/{number}', { path: { set, number } }),
  revisions: (set: string) =>
    call<Page<Revision>>('get', '/landmark-sets/{set}/revisions', {
      path: { set },
      query: { page_size: 200 },
    }),
};

export interface NewRemark {
  kind: RemarkKind;
  text: string;
  schema?: string;
  point?: string;
}

export const remarks = {
  say: (image: string, body: NewRemark) =>
    call<Remark>('post', '/images/{image}/remarks', { path: { image }, body }),
  settle: (remark: string) => call<Remark>('post', '/remarks/{remark}/settle', { path: { remark } }),
};

/** Images of which models gave no proposal. */
export const refusals = {
  list: (query: { image: string } | { study: string }) =>
    call<Page<Refusal>>('get', '/refusals', { query: { ...query, page_size: 200 } }),
};

export const reviews = {
  give: (set: string, body: { verdict: Verdict; revision: number; note: string }) =>
    call<Review>('post', '/landmark-sets/{set}/reviews', { path: { set }, body }),
};
