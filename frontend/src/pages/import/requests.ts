import { call } from '@/api/client';
import type { Calibration, Direction, Reference, Sex, Side } from '@/api/types';

/** Where the patient's right lies in the picture as its file stores it. */
export type PatientRight = 'image_left' | 'image_right' | 'unknown' | '';

export type ItemState =
  'uploading' | 'checking' | 'ready' | 'needs_answer' | 'refused' | 'duplicate' | 'imported';

export interface Found {
  title: string;
  width: number;
  height: number;
  bit_depth: number;
  spacing_mm: [number, number] | null;
  calibration: Calibration;
  direction: Direction;
  side: PatientRight;
  /** False: a guess, or nothing known; a person has to say. */
  side_certain: boolean;
  side_marker: Side;
  subject: string;
  sex: Sex;
  visit_date: string | null;
  /** The file names its day; it is kept moved by the subject's own number of days. */
  dated: boolean;
  device: string;
  removed: string[];
  notes: string[];
  points: { image: string; schema: string; count: number }[];
}

export interface ImportItem {
  id: string;
  name: string;
  size: number;
  received: number;
  state: ItemState;
  /** A group of files makes one acquisition; its leading file carries the answers. */
  role: 'lead' | 'part';
  group: string;
  kind: string;
  problem: string;
  found: Found | null;
  thumbnail: string | null;
  study: string | null;
}

export interface Import {
  id: string;
  project: Reference;
  created_at: string;
  state: 'open' | 'confirmed' | 'discarded';
  items: ImportItem[];
}

export interface OpenImport {
  id: string;
  created_at: string;
  items_count: number;
}

export interface Answer {
  id: string;
  subject: string;
  visit_date: string | null;
  direction: Direction;
  side: PatientRight;
}

export const imports = {
  open: (project: string) => call<Import>('post', '/projects/{project}/imports', { path: { project } }),
  openOnes: (project: string) =>
    call<OpenImport[]>('get', '/projects/{project}/imports', { path: { project } }),
  get: (id: string) => call<Import>('get', '/imports/{id}', { path: { id } }),
  discard: (id: string) => call<undefined>('delete', '/imports/{id}', { path: { id } }),
  announce: (id: string, file: { name: string; size: number; sha256?: string }) =>
    call<ImportItem>('post', '/imports/{id}/items', { path: { id }, body: file }),
  remove: (id: string, item: string) =>
    call<undefined>('delete', '/imports/{id}/items/{item}', { path: { id, item } }),
  send: (id: string, item: string, offset: number, chunk: Blob, signal?: AbortSignal) =>
    call<ImportItem>('put', '/imports/{id}/items/{item}/content', {
      path: { id, item },
      body: chunk,
      headers: { 'Upload-Offset': String(offset) },
      ...(signal ? { signal } : {}),
    }),
  inspect: (id: string) => call<Import>('post', '/imports/{id}/inspect', { path: { id } }),
  confirm: (id: string, items: Answer[]) =>
    call<Import>('post', '/imports/{id}/confirm', { path: { id }, body: { items } }),
};
