import { call, type Query } from './client';
import type { Line, Page, Person, Reference } from './types';

export interface ReaderProgress {
  reader: Person;
  done: number;
  last_read_at: string | null;
}

export interface ReaderStudy {
  id: string;
  project: Reference;
  name: string;
  films: number;
  /** Films one has read oneself; null for who manages the study and so does not read in it. */
  done: number | null;
  created_at: string;
  closed_at: string | null;
  /** Of every reader; empty for those who do not manage the study. */
  progress: ReaderProgress[];
  may_see_results: boolean;
}

export interface BlindFilm {
  film: string;
  /** From 1, in this reader's own order. */
  number: number;
  url: string;
  following_url: string | null;
}

export interface BlindCase {
  id: string;
  name: string;
  films: number;
  done: number;
  /** Of every film, px. */
  width: number;
  height: number;
  closed: boolean;
  /** Null when all is read, or the study is closed. */
  next: BlindFilm | null;
}

export type BlindVerdict = 'real' | 'synthetic';

export interface NewBlindReading {
  verdict: BlindVerdict;
  /** 1 = a guess, 5 = certain. */
  confidence: number;
  seconds: number;
  /** All four, or none where no angle can be read. Lines are in pixels of the film as shown. */
  upper_line?: Line;
  lower_line?: Line;
  upper_level?: string;
  lower_level?: string;
}

/** Limits are of 95 %; null where they would be too narrow, because readings depend on one another. */
export interface Estimate {
  value: number;
  lower: number | null;
  upper: number | null;
}

export interface RocPoint {
  false_positive_rate: number;
  true_positive_rate: number;
}

export interface ReaderResult {
  reader: Person;
  films: number;
  roc: RocPoint[];
  auc: Estimate | null;
  sensitivity: Estimate | null;
  specificity: Estimate | null;
  seconds_real: number | null;
  seconds_synthetic: number | null;
}

export interface Kappa {
  readers: Person[];
  films: number;
  kappa: Estimate | null;
}

export interface CobbIcc {
  kind: 'radiograph' | 'synthetic_radiograph';
  films: number;
  readers: number;
  icc: Estimate | null;
}

export interface AnglePair {
  /** The reader's id. */
  reader: string;
  first_deg: number;
  second_deg: number;
  opposite: boolean;
}

export interface Comparison {
  /** Null: all readers. */
  reader: Person | null;
  pairs: number;
  bias_deg: Estimate | null;
  lower_limit_deg: Estimate | null;
  upper_limit_deg: Estimate | null;
  icc: Estimate | null;
}

export interface Compared {
  first: 'synthetic' | 'real';
  second: 'real' | 'reference';
  pairs: AnglePair[];
  of_readers: Comparison[];
  together: Comparison;
}

export interface ReaderResults {
  statement: string;
  readers: ReaderResult[];
  kappas: Kappa[];
  iccs: CobbIcc[];
  compared: Compared[];
}

export interface NewReaderStudy {
  project: string;
  name: string;
  films_each: number;
}

export const readerStudies = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<ReaderStudy>>('get', '/reader-studies', { query, ...(signal ? { signal } : {}) }),
  create: (body: NewReaderStudy) => call<ReaderStudy>('post', '/reader-studies', { body }),
  close: (id: string) => call<ReaderStudy>('post', '/reader-studies/{id}/close', { path: { id } }),
  next: (id: string) => call<BlindCase>('get', '/reader-studies/{id}/next', { path: { id } }),
  read: (id: string, film: string, body: NewBlindReading) =>
    call<BlindCase>('post', '/reader-studies/{id}/films/{film}/reading', { path: { id, film }, body }),
  csv: (id: string) => `/api/v1/reader-studies/${id}/readings.csv`,
};
