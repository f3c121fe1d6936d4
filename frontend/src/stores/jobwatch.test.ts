import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hintOf, socketUrl, watchJobs } from './jobwatch';

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
}

const hint = JSON.stringify({ type: 'job', kind: 'inference', id: 'a', state: 'running', progress: null });

describe('hints', () => {
  it('reads a hint and nothing else', () => {
    expect(hintOf(hint)).toEqual({ kind: 'inference', id: 'a' });
    for (const other of ['', '{', 'null', '[]', '{"type":"job"}', '{"type":"other","id":"a"}', 7]) {
      expect(hintOf(other)).toBeNull();
    }
  });

  it('follows the scheme of the page', () => {
    expect(socketUrl('p', new URL('https://lab.example/x') as unknown as Location)).toBe(
      'wss://lab.example/ws/v1/jobs/?project=p',
    );
  });
});

describe('watching', () => {
  let stop: () => void = () => undefined;
  const changed = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.all = [];
    changed.mockClear();
    vi.stubGlobal('WebSocket', FakeSocket);
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('tells of many hints once', () => {
    stop = watchJobs(['p'], changed);
    FakeSocket.all[0]?.onopen?.();
    for (let index = 0; index < 20; index++) FakeSocket.all[0]?.onmessage?.({ data: hint });
    vi.advanceTimersByTime(1000);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(changed).toHaveBeenCalledWith({ kind: 'inference', id: 'a' });
  });

  it('comes back after a lost connection and asks at once', () => {
    stop = watchJobs(['p'], changed);
    FakeSocket.all[0]?.onopen?.();
    FakeSocket.all[0]?.onclose?.({ code: 1006 });
    vi.advanceTimersByTime(1100);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.all[1]?.onopen?.();
    vi.advanceTimersByTime(500);
    expect(changed).toHaveBeenCalledWith(null);
  });

  it('does not come back where it was refused, and asks by the clock', () => {
    stop = watchJobs(['p'], changed);
    FakeSocket.all[0]?.onopen?.();
    FakeSocket.all[0]?.onclose?.({ code: 4403 });
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(changed.mock.calls.length).toBeGreaterThanOrEqual(1);
  });

  it('ends with the page', () => {
    watchJobs(['p'], changed)();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all[0]?.closed).toBe(true);
    expect(changed).not.toHaveBeenCalled();
  });
});
