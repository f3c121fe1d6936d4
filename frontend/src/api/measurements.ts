import { call } from './client';
import type { FilmNote, Image, Line, Measurement } from './types';

export type NewMeasurement =
  | {
      method: 'vertebrae';
      image: string;
      landmark_set: string;
      revision: number;
      /** Upper and lower end vertebra of each curve; without, the most tilted ones. */
      ends: [string, string][];
    }
  | {
      method: 'lines';
      image: string;
      upper_line: Line;
      lower_line: Line;
      upper_level: string;
      lower_level: string;
    };

/** The scale of a film by something of known length on it. */
export const knownLength = {
  set: (image: string, ends: Line, length_mm: number) =>
    call<Image>('put', '/images/{image}/known-length', { path: { image }, body: { ends, length_mm } }),
  forget: (image: string) => call<Image>('delete', '/images/{image}/known-length', { path: { image } }),
};

export interface NewFilmNote {
  image: string;
  text: string;
  x: number;
  y: number;
}

export const filmNotes = {
  write: (study: string, body: NewFilmNote) =>
    call<FilmNote>('post', '/studies/{study}/film-notes', { path: { study }, body }),
  /** It stays in the history. Sent even when the page is left at once. */
  retract: (id: string) => call<FilmNote>('delete', '/film-notes/{id}', { path: { id }, keepalive: true }),
  restore: (id: string) => call<FilmNote>('post', '/film-notes/{id}', { path: { id } }),
};

export const measurements = {
  add: (study: string, body: NewMeasurement) =>
    call<Measurement[]>('post', '/studies/{study}/measurements', { path: { study }, body }),
  /** It stays in the history. Sent even when the page is left at once. */
  retract: (id: string) =>
    call<Measurement>('delete', '/measurements/{id}', { path: { id }, keepalive: true }),
  restore: (id: string) => call<Measurement>('post', '/measurements/{id}', { path: { id } }),
};
