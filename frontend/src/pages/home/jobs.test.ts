import { afterEach, expect, it, vi } from 'vitest';
import { AdminJobs } from './jobs.svelte';

afterEach(() => vi.unstubAllGlobals());

const page = (count: number, results: unknown[] = []): Response =>
  Response.json({ count, page: 1, page_size: 5, results });

it('counts the failed ones and shows the running ones', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    asked.push(`${pathname} ${searchParams.get('state')} ${searchParams.get('page_size')}`);
    return searchParams.get('state') === 'failed' ? page(7) : page(1, [{ id: 'j', name: 'Backs' }]);
  });
  const jobs = new AdminJobs();
  await jobs.load();
  expect(asked).toEqual(['/api/v1/training-jobs failed 5', '/api/v1/training-jobs running 5']);
  expect([jobs.failed, jobs.running.map(({ name }) => name)]).toEqual([7, ['Backs']]);
});

it('says nothing of progress that it no longer knows', async () => {
  vi.stubGlobal('fetch', async () => page(1, [{ id: 'j', name: 'Backs' }]));
  const jobs = new AdminJobs();
  await jobs.load();
  vi.stubGlobal('fetch', async () => Response.json({ detail: 'broken', code: 'error' }, { status: 500 }));
  await jobs.load();
  expect([jobs.failed, jobs.running]).toEqual([1, []]);
});
