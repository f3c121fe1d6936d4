import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveView } from './liveview.svelte';

class Socket {
  static last: Socket;
  static readonly OPEN = 1;
  readyState = 1;
  binaryType = '';
  sent: Record<string, unknown>[] = [];
  onopen: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;
  constructor(readonly url: string) {
    Socket.last = this;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.readyState = 3;
  }
  hear(said: object): void {
    this.onmessage({ data: JSON.stringify(said) });
  }
  kinds(): unknown[] {
    return this.sent.map((one) => one.type);
  }
}

function frame(seq: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(36));
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint32(4, seq, true);
  return view.buffer;
}

describe('LiveView', () => {
  const draw = vi.fn(() => Promise.resolve());
  const stored = vi.fn();
  let view: LiveView;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', Socket);
    draw.mockClear();
    view = new LiveView('agent-1', draw, stored);
    view.begin();
    Socket.last.onopen();
  });

  afterEach(() => {
    view.end();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('acknowledges a frame once it is drawn, even where drawing failed', async () => {
    let done: () => void = () => undefined;
    draw.mockImplementationOnce(() => new Promise<void>((resolve) => (done = resolve)));
    Socket.last.onmessage({ data: frame(7) });
    expect(Socket.last.kinds()).toEqual(['watch']);
    done();
    await vi.advanceTimersByTimeAsync(0);
    expect(Socket.last.sent.at(-1)).toEqual({ type: 'ack', seq: 7 });
    draw.mockImplementationOnce(() => Promise.reject(new Error('no JPEG')));
    Socket.last.onmessage({ data: frame(8) });
    await vi.advanceTimersByTimeAsync(0);
    expect(Socket.last.sent.at(-1)).toEqual({ type: 'ack', seq: 8 });
  });

  it('asks again once, by the same request, and then says that nobody answered', async () => {
    view.press(0);
    await vi.advanceTimersByTimeAsync(4100);
    const presses = Socket.last.sent.filter((one) => one.type === 'press');
    expect(presses).toHaveLength(2);
    expect(presses[0]?.request).toBe(presses[1]?.request);
    await vi.advanceTimersByTimeAsync(4100);
    expect(view.shooting).toMatchObject({ step: 'refused' });
  });

  it('follows a shot from the countdown to the study', () => {
    view.press(3);
    const request = Socket.last.sent.at(-1)?.request as string;
    Socket.last.hear({ type: 'countdown', request, left_s: 2.4 });
    expect(view.shooting).toEqual({ step: 'countdown', request, left_s: 2.4 });
    expect(view.busy).toBe(true);
    view.cancel();
    expect(Socket.last.sent.at(-1)).toEqual({ type: 'cancel', request });
    Socket.last.hear({ type: 'taken', request, shot: 's1' });
    Socket.last.hear({ type: 'stored', shot: 's1' });
    expect(view.shooting.step).toBe('taken');
    expect(stored).toHaveBeenCalledWith('s1');
  });

  it('comes back after a lost connection, and not after a refusal', async () => {
    const first = Socket.last;
    first.onclose({ code: 1006, reason: '' });
    expect(view.connection).toBe('lost');
    await vi.advanceTimersByTimeAsync(600);
    expect(Socket.last).not.toBe(first);
    const second = Socket.last;
    second.onclose({ code: 4403, reason: 'Revoked.' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Socket.last).toBe(second);
    expect([view.connection, view.problem]).toEqual(['refused', 'Revoked.']);
  });
});
