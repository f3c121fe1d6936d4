import { beforeEach, describe, expect, it, vi } from 'vitest';
import { call, callWithEtag, csrfToken, onSignedOut } from './client';

const fetched = vi.fn<(request: Request) => Promise<Response>>();
const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal('fetch', fetched);
  onSignedOut(() => Promise.resolve(false));
  document.cookie = 'csrftoken=abc%20def; path=/';
});

const asked = (index = 0): Request => {
  const request = fetched.mock.calls[index]?.[0];
  if (request === undefined) throw new Error(`request ${index} was never made`);
  return request;
};

describe('a request', () => {
  it('fills the path, leaves out empty filters, and gives the data', async () => {
    fetched.mockResolvedValue(json(200, { id: 'x' }));
    const data = await call<{ id: string }>('get', '/studies/{id}', {
      path: { id: 'a/b' },
      query: { q: '', has: null, page: 2 },
    });
    expect(data).toEqual({ id: 'x' });
    expect(new URL(asked().url).pathname).toBe('/api/v1/studies/a%2Fb');
    expect(new URL(asked().url).search).toBe('?page=2');
  });

  it('carries the CSRF token when it writes, and only then', async () => {
    fetched.mockImplementation(() => Promise.resolve(json(200, {})));
    await call('get', '/home');
    await call('post', '/projects', { body: { name: 'P' } });
    expect(asked(0).headers.get('X-CSRFToken')).toBeNull();
    expect(asked(1).headers.get('X-CSRFToken')).toBe('abc def');
    expect(await asked(1).json()).toEqual({ name: 'P' });
  });

  it('fetches a new CSRF cookie first when the old one is gone', async () => {
    document.cookie = 'csrftoken=; max-age=0; path=/';
    fetched.mockImplementationOnce(() => {
      document.cookie = 'csrftoken=fresh; path=/';
      return Promise.resolve(new Response('<html>'));
    });
    fetched.mockResolvedValue(json(200, {}));
    await call('post', '/session', { body: {} });
    expect(fetched.mock.calls[0]?.[0]).toBe('/login/');
    expect(asked(1).headers.get('X-CSRFToken')).toBe('fresh');
  });

  it('sends bytes as they are', async () => {
    fetched.mockResolvedValue(json(200, {}));
    const bytes = new Uint8Array([0, 255, 128]);
    await call('put', '/imports/1/items/2/content', { body: bytes, headers: { 'Upload-Offset': '0' } });
    expect(asked().headers.get('Content-Type')).toBe('application/octet-stream');
    expect(asked().headers.get('Upload-Offset')).toBe('0');
    expect(new Uint8Array(await asked().arrayBuffer())).toEqual(bytes);
  });

  it('repeats a filter for each of its values', async () => {
    fetched.mockResolvedValue(json(200, {}));
    await call('get', '/studies', { query: { state: ['new', 'a&b', ''], page: 0 } });
    expect(new URL(asked().url).search).toBe('?state=new&state=a%26b&page=0');
  });

  it('tells of a refusal that is not JSON by its status', async () => {
    fetched.mockResolvedValue(new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(call('get', '/home')).rejects.toMatchObject({
      status: 502,
      code: 'server',
      retryable: true,
    });
  });

  it('gives the ETag beside the data', async () => {
    fetched.mockResolvedValue(json(200, {}, { ETag: '"4"' }));
    expect((await callWithEtag('get', '/images/1/landmarks/back6')).etag).toBe('"4"');
  });

  it('takes an empty answer', async () => {
    fetched.mockResolvedValue(new Response(null, { status: 204 }));
    expect(await call('delete', '/tokens/{id}', { path: { id: '1' } })).toBeUndefined();
  });

  it('throws what the server said', async () => {
    fetched.mockResolvedValue(json(409, { detail: 'Taken.', code: 'conflict' }));
    await expect(call('post', '/users', { body: {} })).rejects.toMatchObject({
      status: 409,
      message: 'Taken.',
    });
  });

  it('throws an error of its own when no answer comes', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(call('get', '/home')).rejects.toMatchObject({ status: 0, retryable: true });
  });
});

describe('a session that has expired', () => {
  const refused = () => json(401, { detail: 'Sign in first.', code: 'not_authenticated' });

  it('asks the person to sign in and repeats the same request with the new token', async () => {
    fetched.mockResolvedValueOnce(refused()).mockResolvedValueOnce(json(200, { saved: true }));
    onSignedOut(() => {
      document.cookie = 'csrftoken=new; path=/';
      return Promise.resolve(true);
    });
    await expect(call('put', '/x', { body: { points: [1] } })).resolves.toEqual({ saved: true });
    expect(await asked(1).json()).toEqual({ points: [1] });
    expect(asked(1).headers.get('X-CSRFToken')).toBe('new');
  });

  it('fails when the person gives up', async () => {
    fetched.mockResolvedValue(refused());
    await expect(call('get', '/home')).rejects.toMatchObject({ status: 401 });
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('asks once only: a second 401 is an error', async () => {
    fetched.mockImplementation(() => Promise.resolve(refused()));
    const ask = vi.fn(() => Promise.resolve(true));
    onSignedOut(ask);
    await expect(call('get', '/home')).rejects.toMatchObject({ status: 401 });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('never asks because a password was wrong', async () => {
    fetched.mockResolvedValue(refused());
    const ask = vi.fn(() => Promise.resolve(true));
    onSignedOut(ask);
    await expect(call('post', '/session', { body: {} })).rejects.toMatchObject({ status: 401 });
    expect(ask).not.toHaveBeenCalled();
  });
});

it('finds its cookie among others', () => {
  expect(csrfToken('a=1; csrftoken=t%3D; b=2')).toBe('t=');
  expect(csrfToken('xcsrftoken=no')).toBe('');
});
