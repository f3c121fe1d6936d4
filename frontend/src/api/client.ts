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

/** The header that a write needs. Cookies cleared under an open page: any page of the site gives a new one. */
async function csrfHeader(method: HttpMethod): Promise<Record<string, string>> {
  if (method === 'get') return {};
  if (csrfToken() === '') await globalThis.fetch('/login/', { credentials: 'same-origin' });
  return { 'X-CSRFToken': csrfToken() };
}

type SignInAgain = () => Promise<boolean>;
let signInAgain: SignInAgain = () => Promise.resolve(false);

/** Who asks the person to sign in again when a session has expired; true = signed in, the request is repeated. */
export function onSignedOut(ask: SignInAgain): void {
  signInAgain = ask;
}

/** Paths are named by the resource functions beside this file, each with its answer's type. */
function addressOf(path: string, values: Record<string, string | number>, query: Query): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) {
      if (each !== null && each !== undefined && each !== '') search.append(name, String(each));
    }
  }
  return `${API_BASE}${filled}${search.size > 0 ? `?${search}` : ''}`;
}

function isBinary(body: unknown): body is Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  return body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}

async function send<Data>(method: HttpMethod, path: string, options: CallOptions): Promise<Answer<Data>> {
  const { body, signal, keepalive = false } = options;
  const type = isBinary(body) ? 'application/octet-stream' : 'application/json';
  const request = new Request(addressOf(path, options.path ?? {}, options.query ?? {}), {
    method: method.toUpperCase(),
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': type }),
      ...(await csrfHeader(method)),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: isBinary(body) ? body : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
    keepalive,
  });
  const response = await globalThis.fetch(request);
  const text = await response.text();
  if (!response.ok) throw errorFromAnswer(response.status, parsed(text));
  const data = (text === '' ? undefined : JSON.parse(text)) as Data;
  return { data, etag: response.headers.get('ETag'), status: response.status };
}

/** A proxy's refusal need not be JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
