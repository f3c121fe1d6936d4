import createClient, { type Middleware } from 'openapi-fetch';
import { errorFromAnswer, errorFromThrown, isAbort } from './errors';

export const API_BASE = '/api/v1';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Scalar = string | number | boolean;
export type Query = Record<string, Scalar | readonly Scalar[] | null | undefined>;

export interface CallOptions {
  /** Values for `{name}` in the path. */
  path?: Record<string, string | number>;
  /** Empty and null values are left out. */
  query?: Query;
  /** Sent as JSON, or as raw bytes when it is a Blob or a buffer. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Lets the request outlive the page. */
  keepalive?: boolean;
}

export interface Answer<Data> {
  data: Data;
  etag: string | null;
  status: number;
}

/** Django's CSRF cookie; login changes it, so it is read anew for every request. */
export function csrfToken(cookies: string = document.cookie): string {
  const pair = cookies.split(/;\s*/).find((cookie) => cookie.startsWith('csrftoken='));
  return pair === undefined ? '' : decodeURIComponent(pair.slice('csrftoken='.length));
}

const csrf: Middleware = {
  async onRequest({ request }) {
    if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return request;
    // Cookies cleared under an open page: any page of the site gives a new one.
    if (csrfToken() === '') await globalThis.fetch('/login/', { credentials: 'same-origin' });
    request.headers.set('X-CSRFToken', csrfToken());
    return request;
  },
};

/** Paths are named by the resource functions beside this file, each with its answer's type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyPaths = Record<string, any>;

const client = createClient<AnyPaths>({
  baseUrl: API_BASE,
  credentials: 'same-origin',
  headers: { Accept: 'application/json' },
  // Looked up per call, so that a page (or a test) may wrap it.
  fetch: (request) => globalThis.fetch(request),
});
client.use(csrf);

type SignInAgain = () => Promise<boolean>;
let signInAgain: SignInAgain = () => Promise.resolve(false);

/** Who asks the person to sign in again when a session has expired; true = signed in, the request is repeated. */
export function onSignedOut(ask: SignInAgain): void {
  signInAgain = ask;
}

function cleaned(query: Query = {}): Query {
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  );
}

function isBinary(body: unknown): body is Blob | ArrayBuffer | ArrayBufferView {
  return body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}

async function send<Data>(method: HttpMethod, path: string, options: CallOptions): Promise<Answer<Data>> {
  const binary = isBinary(options.body);
  const { data, error, response } = await client.request(
    method,
    path as never,
    {
      params: { path: options.path ?? {}, query: cleaned(options.query) },
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(binary ? { bodySerializer: (body: unknown) => body } : {}),
      headers: { ...(binary ? { 'Content-Type': 'application/octet-stream' } : {}), ...options.headers },
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.keepalive ? { keepalive: true } : {}),
    } as never,
  );
  if (!response.ok) throw errorFromAnswer(response.status, error);
  return { data: data as Data, etag: response.headers.get('ETag'), status: response.status };
}

/** One request; an expired session is mended in place once, everything else refused is thrown as `ApiError`. */
export async function callWithEtag<Data = undefined>(
  method: HttpMethod,
  path: string,
  options: CallOptions = {},
): Promise<Answer<Data>> {
  try {
    return await send<Data>(method, path, options);
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    const error = errorFromThrown(thrown);
    if (error.status !== 401 || path === '/session') throw error;
    if (!(await signInAgain())) throw error;
  }
  return send<Data>(method, path, options);
}

/** As `callWithEtag`, for the many callers that need only the data. */
export async function call<Data = undefined>(
  method: HttpMethod,
  path: string,
  options: CallOptions = {},
): Promise<Data> {
  return (await callWithEtag<Data>(method, path, options)).data;
}

export { ApiError } from './errors';
