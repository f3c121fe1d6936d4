import type { AuditEntry } from '@/api/types';

/** Of a run of the same act by the same person on the same thing (labelling saves many times) only the newest. */
export function newestOfRuns(entries: readonly AuditEntry[]): AuditEntry[] {
  const key = ({ action, actor, target_id }: AuditEntry) => `${action} ${actor} ${target_id}`;
  return entries.filter((entry, i) => {
    const newer = entries[i - 1];
    return newer === undefined || key(newer) !== key(entry);
  });
}
