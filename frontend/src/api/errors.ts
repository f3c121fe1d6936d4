import type { ErrorBody } from './types';

/** What to do about each refusal when the server did not say it itself (a proxy's answer, a cut connection). */
const SENTENCES: Record<number, string> = {
  0: 'The server cannot be reached. Check the connection and try again.',
  400: 'Something in this request is not valid. Check what you entered and try again.',
  401: 'You are signed out. Sign in again to go on.',
  403: 'Your role does not allow this. Ask an admin of the project.',
  404: 'This no longer exists, or it is not yours to see. Go back to the list.',
  409: 'This conflicts with what is there already. Reload the page and try again.',
  412: 'Someone saved a newer version meanwhile. Reload to see it before you change it.',
  413: 'This is too large for the server. Send a smaller file.',
  415: 'The server does not know this kind of file.',
  422: 'This file is broken or not what its name says. Check the original.',
  428: 'This change does not say which version it was made from. Reload the page and try again.',
  429: 'Too many attempts. Wait a while and try again.',
};

const UNKNOWN = 'The server failed on this request. Try again; if it stays, tell your administrator.';

/**
 * A refused or failed request. `status` 0 means that no answer came. `message` is one sentence for the person;
 * `fields` belongs beside the inputs of a form; `body` is the whole answer (a 412 carries `current`).
 */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string[]>;
  readonly body: unknown;

  constructor(
    status: number,
    code: string,
    message: string,
    fields: Record<string, string[]> = {},
    body?: unknown,
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.body = body;
  }

  /** Whether the same request may succeed a moment later without any change. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === 'object' && body !== null && typeof (body as ErrorBody).detail === 'string';
}

/** The error that an answer's status and (perhaps foreign) body mean. */
export function errorFromAnswer(status: number, body: unknown): ApiError {
  const fallback = SENTENCES[status] ?? UNKNOWN;
  if (!isErrorBody(body))
    return new ApiError(status, status >= 500 ? 'server' : 'refused', fallback, {}, body);
  return new ApiError(status, body.code || 'refused', body.detail || fallback, body.fields ?? {}, body);
}

/** The error behind anything thrown while a request was under way. */
export function errorFromThrown(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(0, 'unreachable', SENTENCES[0] ?? UNKNOWN, {}, thrown);
}

/** Whether this is only a request that was given up because a newer one replaced it. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError';
}
