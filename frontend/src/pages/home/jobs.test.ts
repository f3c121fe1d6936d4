import { afterEach, expect, it, vi } from 'vitest';
import { AdminJobs } from './jobs.svelte';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const page = (count: number, results: unknown[] = []): Response =>
  Response.json({ count, page: 1, page_size: 5, results });

it('counts what failed in the last seven days and shows what runs', async () => {
  vi.setSystemTime('2026-11-21T12:00:00Z');
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    asked.push(`${pathname} ${searchParams.get('state')} ${searchParams.get('finished_from')}`);
    return searchParams.get('state') === 'failed' ? page(7) : page(1, [{ id: 'j', name: 'Backs' }]);
  });
  const jobs = new AdminJobs();
  await jobs.load();
  expect(asked).toEqual(['/api/v1/training-jobs failed 2026-11-14', '/api/v1/training-jobs running null']);
  expect([jobs.failed, jobs.running.map(({ name }) => name)]).toEqual([7, ['Backs']]);
  expect(jobs.failedTitle).toBe('trainings failed in the last 7 days');
  expect(jobs.failedUrl).toBe('/training/?state=failed&finished_from=2026-11-14');
});

it('says nothing of progress that it no longer knows', async () => {
  vi.stubGlobal('fetch', async () => page(1, [{ id: 'j', name: 'Backs' }]));
  const jobs = new AdminJobs();
  await jobs.load();
  vi.stubGlobal('fetch', async () => Response.json({ detail: 'broken', code: 'error' }, { status: 500 }));
  await jobs.load();
  expect([jobs.failed, jobs.running]).toEqual([1, []]);
  expect(jobs.failedTitle).toBe('training failed in the last 7 days');
});
