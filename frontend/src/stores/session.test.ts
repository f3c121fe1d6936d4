import { beforeEach, expect, it, vi } from 'vitest';
import { call } from '@/api/client';
import type { Session } from '@/api/types';
import { session } from './session.svelte';

const ADA: Session = {
  user: { id: 'u', username: 'ada', name: 'Ada', is_site_admin: false, must_change_password: false },
  memberships: [
    { project: { id: 'p', name: 'P' }, role: 'doctor' },
    { project: { id: 'q', name: 'Q' }, role: 'admin' },
  ],
  version: '0',
};
const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

let signedIn = false;
beforeEach(() => {
  signedIn = false;
  document.cookie = 'csrftoken=t; path=/';
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.url.endsWith('/session')) {
      const { password } = (await request.json()) as { password: string };
      if (password !== 'right') return json(401, { detail: 'Wrong.', code: 'authentication_failed' });
      signedIn = true;
      return json(200, ADA);
    }
    return signedIn
      ? json(200, { path: new URL(request.url).pathname })
      : json(401, { detail: 'Out.', code: 'out' });
  });
  session.begin(ADA);
});

it('lets every waiting request go on after one sign-in', async () => {
  const first = call('get', '/a');
  const second = call('get', '/b');
  await vi.waitFor(() => expect(session.asking).toBe(true));
  await expect(session.signInAgain('wrong')).rejects.toMatchObject({ status: 401 });
  expect(session.asking).toBe(true);
  await session.signInAgain('right');
  expect(session.asking).toBe(false);
  expect(await Promise.all([first, second])).toEqual([{ path: '/api/v1/a' }, { path: '/api/v1/b' }]);
});

it('fails what waited when the person gives up', async () => {
  const waiting = call('get', '/a');
  await vi.waitFor(() => expect(session.asking).toBe(true));
  session.giveUp();
  await expect(waiting).rejects.toMatchObject({ status: 401 });
  expect(session.asking).toBe(false);
});

it('asks nobody on a page where nobody was signed in', async () => {
  session.begin(null);
  await expect(call('get', '/a')).rejects.toMatchObject({ status: 401 });
  expect(session.asking).toBe(false);
});

it('knows roles by project', () => {
  expect(session.roleIn('p')).toBe('doctor');
  expect(session.isAdminOf('p')).toBe(false);
  expect(session.isAdminOf('q')).toBe(true);
  expect(session.isAnyAdmin).toBe(true);
  session.begin({ ...ADA, user: { ...ADA.user, is_site_admin: true }, memberships: [] });
  expect(session.isAdminOf('p')).toBe(true);
});
