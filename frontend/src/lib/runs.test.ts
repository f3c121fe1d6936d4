import { expect, it } from 'vitest';
import type { AuditEntry } from '@/api/types';
import { newestOfRuns } from './runs';

const entry = (id: number, action: string, target_id: string, actor = 'A') =>
  ({ id, action, target_id, actor }) as AuditEntry;

it('keeps the newest of a run, and every change of act, thing and person', () => {
  const entries = [
    entry(6, 'landmarks.save', 'a'),
    entry(5, 'landmarks.save', 'a'),
    entry(4, 'landmarks.save', 'a', 'B'),
    entry(3, 'landmarks.save', 'b', 'B'),
    entry(2, 'study.create', 'b', 'B'),
    entry(1, 'landmarks.save', 'b', 'B'),
  ];
  expect(newestOfRuns(entries).map(({ id }) => id)).toEqual([6, 4, 3, 2, 1]);
  expect(newestOfRuns([])).toEqual([]);
});
