import { afterEach, describe, expect, it, vi } from 'vitest';
import { PictureError, loadDepth } from './pictures';

function depthFile(): ArrayBuffer {
  const text = "{'descr': '<u2', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117) + '\n';
  const bytes = new Uint8Array(10 + text.length + 4);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes.set([1, 2, 3, 4], 10 + text.length);
  return bytes.buffer;
}

afterEach(() => vi.unstubAllGlobals());

describe('loading', () => {
  it('fetches each address once, also when two ask at the same time', async () => {
    const fetched = vi.fn(async () => new Response(depthFile()));
    vi.stubGlobal('fetch', fetched);
    const [one, two] = await Promise.all([loadDepth('/depth/a'), loadDepth('/depth/a')]);
    expect(one).toBe(two);
    expect([...one.values_mm]).toEqual([513, 1027]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('asks again after a failure', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 401 }));
    await expect(loadDepth('/depth/b')).rejects.toThrow(PictureError);
    vi.stubGlobal('fetch', async () => new Response(depthFile()));
    expect((await loadDepth('/depth/b')).width).toBe(2);
  });
});
