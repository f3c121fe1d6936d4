import { describe, expect, it } from 'vitest';
import { ApiError, errorFromAnswer, errorFromThrown, isAbort } from './errors';

describe('what a refusal means', () => {
  it('takes the sentence, the code and the fields of the server', () => {
    const body = { detail: 'Check the name.', code: 'invalid', fields: { name: ['Too long.'] } };
    const error = errorFromAnswer(400, body);
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid',
      message: 'Check the name.',
      fields: body.fields,
    });
  });

  it('keeps the whole answer: a stale save carries the current set', () => {
    const body = { detail: 'Stale.', code: 'stale', current: { revision: 7 } };
    expect(errorFromAnswer(412, body).body).toEqual(body);
  });

  it.each([400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 502])(
    'says what to do for a bare %i, as from a proxy',
    (status) => {
      const error = errorFromAnswer(status, '<html>');
      expect(error.status).toBe(status);
      expect(error.message.length).toBeGreaterThan(20);
      expect(error.message).not.toContain('<html>');
    },
  );

  it('knows which may succeed a moment later', () => {
    expect([0, 429, 500, 503].map((status) => errorFromAnswer(status, null).retryable)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([400, 403, 404, 412].some((status) => errorFromAnswer(status, null).retryable)).toBe(false);
  });

  it('makes a cut connection an error of its own and leaves an ApiError as it is', () => {
    expect(errorFromThrown(new TypeError('Failed to fetch'))).toMatchObject({
      status: 0,
      code: 'unreachable',
    });
    const known = new ApiError(409, 'conflict', 'There already.');
    expect(errorFromThrown(known)).toBe(known);
  });

  it('tells a request that was given up from one that failed', () => {
    expect(isAbort(new DOMException('gone', 'AbortError'))).toBe(true);
    expect(isAbort(new TypeError('Failed to fetch'))).toBe(false);
  });
});
