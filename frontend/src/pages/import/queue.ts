import { errorFromThrown } from '@/api/errors';
import type { ImportItem } from './requests';

export const CHUNK_BYTES = 8 * 2 ** 20;
/** Larger files are not hashed before they are sent: a browser can hash only what it holds in memory. */
const HASH_BELOW_BYTES = 64 * 2 ** 20;
const FILES_AT_ONCE = 3;
const LONGEST_WAIT_MS = 15_000;

export interface Upload {
  name: string;
  file: Blob;
  item: ImportItem | null;
  sent: number;
  state: 'waiting' | 'sending' | 'sent' | 'failed';
  /** Why it failed, or why it waits just now; one sentence. */
  problem: string;
}

/** The server, as far as the queue needs it. */
export interface Transport {
  announce(file: { name: string; size: number; sha256?: string }): Promise<ImportItem>;
  send(item: string, offset: number, chunk: Blob, signal: AbortSignal): Promise<ImportItem>;
  /** Resolves after so many ms, or sooner when the connection is back. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  hash(file: Blob): Promise<string | undefined>;
}

/** SHA-256 as hexadecimal; nothing where the page is not allowed to (plain http) or the file is large. */
export async function sha256Of(file: Blob): Promise<string | undefined> {
  if (!globalThis.isSecureContext || file.size > HASH_BELOW_BYTES) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Waits, but no longer than until the browser says that it is online again. */
export function waitForNetwork(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}

/**
 * Sends files in chunks, a few at a time. What the server has is never sent again: a chunk that does not continue
 * where the server's bytes end is answered with where that is, and the file goes on from there. Lost connections
 * are waited out; a file that is refused never stops the others.
 */
export class UploadQueue {
  readonly uploads: Upload[];
  readonly #transport: Transport;
  readonly #changed: (upload: Upload) => void;
  readonly #stop = new AbortController();

  constructor(uploads: Upload[], transport: Transport, changed: (upload: Upload) => void = () => undefined) {
    this.uploads = uploads;
    this.#transport = transport;
    this.#changed = changed;
  }

  /** All files announced, so that the server sees which belong together; then all sent. */
  async run(): Promise<void> {
    await this.#inParallel(async (upload) => this.#announce(upload));
    await this.#inParallel(async (upload) => this.#sendAll(upload));
  }

  stop(): void {
    this.#stop.abort();
  }

  async #inParallel(act: (upload: Upload) => Promise<void>): Promise<void> {
    const waiting = this.uploads.filter(({ state }) => state === 'waiting');
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (this.#stop.signal.aborted) return;
        await act(next);
      }
    };
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, worker));
  }

  async #announce(upload: Upload): Promise<void> {
    await this.#attempt(upload, async () => {
      const sha256 = await this.#transport.hash(upload.file);
      const { name, file } = upload;
      const item = await this.#transport.announce({ name, size: file.size, ...(sha256 ? { sha256 } : {}) });
      this.#set(upload, {
        item,
        sent: item.received,
        state: item.state === 'uploading' ? 'waiting' : 'sent',
      });
      return true;
    });
  }

  async #sendAll(upload: Upload): Promise<void> {
    this.#set(upload, { state: 'sending' });
    await this.#attempt(upload, async () => {
      const { item, file, sent } = upload;
      if (item === null) return true;
      if (sent >= file.size) {
        const known = await this.#transport.announce({ name: upload.name, size: file.size });
        this.#set(upload, { item: known, state: 'sent' });
        return true;
      }
      const chunk = file.slice(sent, sent + CHUNK_BYTES);
      const answer = await this.#transport.send(item.id, sent, chunk, this.#stop.signal);
      const whole = answer.received >= file.size;
      this.#set(upload, { item: answer, sent: answer.received, state: whole ? 'sent' : 'sending' });
      return whole;
    });
  }

  /** Repeats `step` until it says that it is done; waits where the server is away, fails where it refuses. */
  async #attempt(upload: Upload, step: () => Promise<boolean>): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        const done = await step();
        failures = 0;
        if (upload.problem) this.#set(upload, { problem: '' });
        if (done) return;
      } catch (thrown) {
        if (this.#stop.signal.aborted) break;
        const error = errorFromThrown(thrown);
        const offset = Number(error.fields.upload_offset?.[0] ?? Number.NaN);
        failures += 1;
        if (Number.isSafeInteger(offset) && offset <= upload.file.size && failures < 5) {
          this.#set(upload, { sent: offset });
        } else if (error.retryable && error.status !== 507) {
          this.#set(upload, { problem: error.message });
          await this.#transport.wait(Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures), this.#stop.signal);
        } else {
          this.#set(upload, { state: 'failed', problem: error.message });
          return;
        }
      }
    }
    if (upload.state === 'sending') this.#set(upload, { state: 'waiting' });
  }

  #set(upload: Upload, changes: Partial<Upload>): void {
    Object.assign(upload, changes);
    this.#changed(upload);
  }
}
