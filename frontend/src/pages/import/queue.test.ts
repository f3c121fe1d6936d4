import { describe, expect, it } from 'vitest';
import { ApiError } from '@/api/errors';
import { CHUNK_BYTES, UploadQueue, type Transport, type Upload } from './queue';
import type { ImportItem } from './requests';

/** A server that keeps what it gets, and fails as told. */
class Server implements Transport {
  readonly files = new Map<string, { item: ImportItem; bytes: Uint8Array }>();
  readonly calls: string[] = [];
  readonly faults: (ApiError | 'lost answer')[] = [];
  waits = 0;

  async announce({ name, size }: { name: string; size: number }): Promise<ImportItem> {
    this.calls.push(`announce ${name}`);
    this.#fail();
    if (size === 0) throw new ApiError(400, 'invalid', 'The file is empty.');
    const known = this.files.get(name);
    if (known) return { ...known.item };
    const item = { id: name, name, size, received: 0, state: 'uploading' } as ImportItem;
    this.files.set(name, { item, bytes: new Uint8Array() });
    return { ...item };
  }

  async send(id: string, offset: number, chunk: Blob): Promise<ImportItem> {
    this.calls.push(`send ${id} ${offset} ${chunk.size}`);
    const fault = this.faults[0] === 'lost answer' ? this.faults.shift() : this.#fail();
    const kept = this.files.get(id)!;
    const { item, bytes } = kept;
    if (offset !== bytes.length) {
      const fields = { upload_offset: [String(bytes.length)] };
      throw new ApiError(409, 'wrong_offset', 'not the end', fields);
    }
    kept.bytes = new Uint8Array(await new Blob([bytes as BlobPart, chunk]).arrayBuffer());
    item.received = kept.bytes.length;
    item.state = item.received === item.size ? 'checking' : 'uploading';
    if (fault === 'lost answer') throw new TypeError('network');
    return { ...item };
  }

  async wait(): Promise<void> {
    this.waits += 1;
  }

  async hash(): Promise<string | undefined> {
    return undefined;
  }

  #fail(): undefined {
    const fault = this.faults.shift();
    if (fault) throw fault;
  }
}

function upload(name: string, content: Uint8Array<ArrayBuffer> | string): Upload {
  return { name, file: new Blob([content]), item: null, sent: 0, state: 'waiting', problem: '' };
}

describe('UploadQueue', () => {
  it('announces every file before it sends a byte', async () => {
    const server = new Server();
    const queue = new UploadQueue([upload('a', 'one'), upload('b', 'two')], server);
    await queue.run();
    expect(server.calls.slice(0, 2).sort()).toEqual(['announce a', 'announce b']);
    expect(queue.uploads.map(({ state, sent }) => [state, sent])).toEqual([
      ['sent', 3],
      ['sent', 3],
    ]);
  });

  it('sends a large file in chunks, each from where the server is', async () => {
    const server = new Server();
    const content = new Uint8Array(CHUNK_BYTES + 10).fill(7);
    await new UploadQueue([upload('big', content)], server).run();
    expect(server.calls).toEqual(['announce big', `send big 0 ${CHUNK_BYTES}`, `send big ${CHUNK_BYTES} 10`]);
  });

  it('goes on from the bytes the server has', async () => {
    const server = new Server();
    await server.announce({ name: 'a', size: 6 });
    await server.send('a', 0, new Blob(['abc']));
    server.calls.length = 0;
    await new UploadQueue([upload('a', 'abcdef')], server).run();
    expect(server.calls).toEqual(['announce a', 'send a 3 3']);
    expect(new TextDecoder().decode(server.files.get('a')!.bytes)).toBe('abcdef');
  });

  it('waits out a lost connection', async () => {
    const server = new Server();
    const queue = new UploadQueue([upload('a', 'abcdef')], server);
    await server.announce({ name: 'a', size: 6 });
    server.faults.push(new ApiError(0, 'unreachable', 'away'), new ApiError(503, 'server', 'busy'));
    await queue.run();
    expect(server.waits).toBe(2);
    expect(queue.uploads[0]).toMatchObject({ state: 'sent', problem: '' });
  });

  it('never sends twice what arrived although its answer was lost', async () => {
    const server = new Server();
    const send = server.send.bind(server);
    let lost = false;
    server.send = async (...chunk) => {
      if (!lost) server.faults.push('lost answer');
      lost = true;
      return send(...chunk);
    };
    const queue = new UploadQueue([upload('a', 'abcdef')], server);
    await queue.run();
    expect(new TextDecoder().decode(server.files.get('a')!.bytes)).toBe('abcdef');
    expect(queue.uploads[0]).toMatchObject({ state: 'sent', item: { state: 'checking' } });
    expect(server.calls).toEqual(['announce a', 'send a 0 6', 'send a 0 6', 'announce a']);
  });

  it('lets no refused file stop the others', async () => {
    const server = new Server();
    const queue = new UploadQueue([upload('empty', ''), upload('b', 'two')], server);
    await queue.run();
    expect(queue.uploads.map(({ state, problem }) => [state, problem])).toEqual([
      ['failed', 'The file is empty.'],
      ['sent', ''],
    ]);
  });

  it('stops when asked, and can go on later', async () => {
    const server = new Server();
    const uploads = [upload('a', 'abc')];
    const queue = new UploadQueue(uploads, server);
    queue.stop();
    await queue.run();
    expect(server.calls).toEqual([]);
    await new UploadQueue(uploads, server).run();
    expect(uploads[0]?.state).toBe('sent');
  });
});
