import type { NamedFile } from './dropped';
import type { Upload } from './queue';
import type { ImportItem } from './requests';

/** One line of the table: an acquisition's leading file, or a file that is not taken. */
export interface Row {
  id: string;
  name: string;
  item: ImportItem | null;
  upload: Upload | null;
  /** The files that come along with it. */
  parts: string[];
}

/** The lines to show: leading files and refused ones, then files the server has not heard of. */
export function rowsOf(items: readonly ImportItem[], uploads: readonly Upload[]): Row[] {
  // By id: the server forgets the names of DICOM files once it has stored them.
  const byId = new Map(uploads.flatMap((upload) => (upload.item ? [[upload.item.id, upload] as const] : [])));
  const parts = new Map<string, string[]>();
  for (const { role, group, name } of items) {
    if (role === 'part' && group !== '') parts.set(group, [...(parts.get(group) ?? []), name]);
  }
  const shown = items.filter(({ role, state }) => role === 'lead' || state === 'refused');
  const known = new Set(items.map(({ id }) => id));
  const local = uploads.filter(({ item }) => item === null || !known.has(item.id));
  return [
    ...shown.map((item) => ({
      id: item.id,
      name: byId.get(item.id)?.name ?? item.name,
      item,
      upload: byId.get(item.id) ?? null,
      parts: item.role === 'lead' ? (parts.get(item.group) ?? []) : [],
    })),
    ...local.map((upload) => ({ id: upload.name, name: upload.name, item: null, upload, parts: [] })),
  ];
}

/** The uploads with new files added; a file that failed before is tried again. */
export function withFiles(uploads: readonly Upload[], files: readonly NamedFile[]): Upload[] {
  const kept = uploads.filter(({ state }) => state !== 'failed');
  const known = new Set(kept.map(({ name }) => name));
  const fresh = files
    .filter(({ name }) => !known.has(name))
    .map(({ name, file }): Upload => ({ name, file, item: null, sent: 0, state: 'waiting', problem: '' }));
  const names = new Set(fresh.map(({ name }) => name));
  return [...uploads.filter(({ name }) => !names.has(name)), ...fresh];
}

/** The items as they are now, with what was seen of them before they were stored. */
export function withMemory(items: readonly ImportItem[], before: readonly ImportItem[]): ImportItem[] {
  const seen = new Map(before.map((item) => [item.id, item]));
  return items.map((item) => {
    const was = seen.get(item.id);
    return {
      ...item,
      found: item.found ?? was?.found ?? null,
      thumbnail: item.thumbnail ?? was?.thumbnail ?? null,
    };
  });
}
