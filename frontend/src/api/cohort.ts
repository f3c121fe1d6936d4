import { call, type Query } from './client';
import type {
  Acquisition,
  AuditEntry,
  Consent,
  Home,
  Measurement,
  Page,
  Project,
  Report,
  Schema,
  Study,
  StudyDetail,
  Subject,
} from './types';

const signalled = (signal?: AbortSignal) => (signal ? { signal } : {});

export const home = { get: () => call<Home>('get', '/home') };

export type ProjectChanges = Partial<
  Pick<Project, 'name' | 'description' | 'label_first' | 'back_schema' | 'radiograph_schema'>
>;

export const projects = {
  list: () => call<Page<Project>>('get', '/projects', { query: { page_size: 200 } }),
  get: (id: string) => call<Project>('get', '/projects/{id}', { path: { id } }),
  create: (body: ProjectChanges) => call<Project>('post', '/projects', { body }),
  change: (id: string, body: ProjectChanges) =>
    call<Project>('patch', '/projects/{id}', { path: { id }, body }),
  remove: (id: string) => call('delete', '/projects/{id}', { path: { id } }),
};

export const schemas = {
  list: (project: string) => call<Schema[]>('get', '/schemas', { query: { project } }),
  add: (project: string, definition: unknown) =>
    call<Schema>('post', '/schemas', { body: { project, definition } }),
};

export type SubjectChanges = Partial<Pick<Subject, 'pseudonym' | 'sex' | 'birth_year'>>;

export const subjects = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<Subject>>('get', '/subjects', { query, ...signalled(signal) }),
  create: (project: string, body: SubjectChanges) =>
    call<Subject>('post', '/subjects', { body: { project, ...body } }),
  change: (id: string, body: SubjectChanges) =>
    call<Subject>('patch', '/subjects/{id}', { path: { id }, body }),
  setConsent: (id: string, state: Consent) =>
    call<Subject>('post', '/subjects/{id}/consent', { path: { id }, body: { state } }),
  remove: (id: string) => call('delete', '/subjects/{id}', { path: { id } }),
};

export type StudyChanges = Partial<Pick<Study, 'visit_date' | 'notes'>>;
export type AcquisitionChanges = Partial<Pick<Acquisition, 'direction' | 'display_flip' | 'side_marker'>>;

export const studies = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<Study>>('get', '/studies', { query, ...signalled(signal) }),
  get: (id: string) => call<StudyDetail>('get', '/studies/{id}', { path: { id } }),
  change: (id: string, body: StudyChanges) => call<Study>('patch', '/studies/{id}', { path: { id }, body }),
  remove: (id: string) => call('delete', '/studies/{id}', { path: { id } }),
  restore: (id: string) => call<Study>('post', '/studies/{id}/restore', { path: { id } }),
  report: (id: string) => call<Report>('get', '/studies/{id}/report', { path: { id } }),
  measurements: (id: string) => call<Measurement[]>('get', '/studies/{id}/measurements', { path: { id } }),
};

export const acquisitions = {
  change: (id: string, body: AcquisitionChanges) =>
    call<Acquisition>('patch', '/acquisitions/{id}', { path: { id }, body }),
};

export const audit = {
  list: (query: Query, signal?: AbortSignal) =>
    call<Page<AuditEntry>>('get', '/audit', { query, ...signalled(signal) }),
};
