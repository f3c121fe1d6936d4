/**
 * The viewer's socket: what the watched agent says, and the frames it sends. Every frame is acknowledged once it is
 * drawn, whether that worked or not: that is what lets the next one come.
 */
import type { Target } from '@/api/capture';
import { parsePreview, type Preview } from '@/core/preview';

export type Light = 'green' | 'amber' | 'red' | 'unknown';

export interface Check {
  name: string;
  state: Light;
  says: string;
  value: number | null;
  unit: string;
}

export type Point = readonly [number, number];

export interface Drawing {
  width: number;
  height: number;
  field: Point[];
  outline: Point[];
}

export interface Camera {
  state: 'open' | 'opening' | 'lost';
  says: string;
  depth: Drawing | null;
  colour: Drawing | null;
}

export interface Heartbeat {
  fps: number;
  dropped: number;
  warm_s: number | null;
  spool_shots: number;
  free_bytes: number;
}

export interface Guidance {
  ready: boolean;
  checks: Check[];
  body: { left: number; top: number; right: number; bottom: number } | null;
}

export interface Upload {
  shot: string;
  state: 'waiting' | 'sending' | 'stored' | 'parked';
  sent: number;
  size: number;
  says: string;
}

/** How a shot that was asked for goes. */
export type Shooting =
  | { step: 'idle' }
  | { step: 'asked'; request: string }
  | { step: 'countdown'; request: string; left_s: number }
  | { step: 'taken'; request: string; shot: string }
  | { step: 'refused'; request: string; says: string };

export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

const SUBPROTOCOL = 'spineweb.viewer.v1';
const AGAIN_MS = [500, 1000, 2000, 5000] as const;
const REFUSED = [4401, 4403, 4404, 4426];
/** A `press` that nobody answered is sent once more (the agent takes no second shot), then given up. */
const UNANSWERED_MS = 4000;

export class LiveView {
  connection = $state<Connection>('connecting');
  online = $state<boolean | null>(null);
  camera = $state.raw<Camera | null>(null);
  heartbeat = $state.raw<Heartbeat | null>(null);
  guidance = $state.raw<Guidance | null>(null);
  uploads = $state.raw<Upload[]>([]);
  target = $state.raw<Target | null>(null);
  shooting = $state.raw<Shooting>({ step: 'idle' });
  /** Frames drawn within the last second or so. */
  fps = $state(0);
  problem = $state('');
  #socket: WebSocket | null = null;
  #failures = 0;
  #ended = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #unanswered: ReturnType<typeof setTimeout> | undefined;
  #drawn: number[] = [];

  constructor(
    private readonly agent: string,
    private readonly draw: (frame: Preview) => Promise<void>,
    private readonly stored: (shot: string) => void,
    private readonly exact = false,
  ) {}

  begin(): void {
    this.#connect();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#unanswered);
    this.#socket?.close();
  }

  aim(subject: string | null, study: string | null = null): void {
    this.#say({ type: 'aim', subject, study });
  }

  press(countdown_s: number): void {
    const request = crypto.randomUUID();
    this.shooting = { step: 'asked', request };
    this.#press(request, countdown_s, 1);
  }

  cancel(): void {
    if (this.shooting.step === 'asked' || this.shooting.step === 'countdown')
      this.#say({ type: 'cancel', request: this.shooting.request });
  }

  get busy(): boolean {
    return this.shooting.step === 'asked' || this.shooting.step === 'countdown';
  }

  #press(request: string, countdown_s: number, more: number): void {
    this.#say({ type: 'press', request, countdown_s });
    clearTimeout(this.#unanswered);
    this.#unanswered = setTimeout(() => {
      if (this.shooting.step !== 'asked' || this.shooting.request !== request) return;
      if (more > 0) this.#press(request, countdown_s, more - 1);
      else {
        const says = 'The agent did not answer. Look whether it runs, then press again.';
        this.shooting = { step: 'refused', request, says };
      }
    }, UNANSWERED_MS);
  }

  #connect(): void {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/ws/v1/capture/view/`, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      this.connection = 'open';
      this.#failures = 0;
      this.#say({ type: 'watch', agent: this.agent, fps: 15, depth: this.exact ? 'exact' : 'shade' });
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (typeof event.data === 'string') this.#hear(JSON.parse(event.data) as Record<string, unknown>);
      else void this.#show(event.data);
    };
    socket.onclose = (event) => {
      if (this.#ended) return;
      this.online = null;
      this.guidance = null;
      if (REFUSED.includes(event.code)) {
        this.connection = 'refused';
        this.problem = event.reason;
        return;
      }
      this.connection = 'lost';
      const wait = AGAIN_MS[Math.min(this.#failures, AGAIN_MS.length - 1)] ?? 5000;
      this.#failures += 1;
      this.#retry = setTimeout(() => this.#connect(), wait);
    };
  }

  async #show(data: ArrayBuffer): Promise<void> {
    const frame = parsePreview(data);
    try {
      await this.draw(frame);
    } catch {
      // A picture that does not decode is left out; the next one comes.
    }
    this.#say({ type: 'ack', seq: frame.seq });
    const now = performance.now();
    this.#drawn = [...this.#drawn.filter((at) => now - at < 2000), now];
    this.fps = this.#drawn.length / 2;
  }

  #hear(said: Record<string, unknown>): void {
    switch (said.type) {
      case 'presence':
        this.online = said.online === true;
        if (!this.online) this.guidance = null;
        break;
      case 'camera':
        this.camera = said as unknown as Camera;
        if (this.camera.state !== 'open') this.guidance = null;
        break;
      case 'heartbeat':
        this.heartbeat = said as unknown as Heartbeat;
        break;
      case 'guidance':
        this.guidance = said as unknown as Guidance;
        break;
      case 'uploads':
        this.uploads = said.shots as Upload[];
        break;
      case 'target':
        this.target = said.subject as Target | null;
        break;
      case 'stored':
        this.stored(said.shot as string);
        break;
      case 'error':
        this.problem = said.says as string;
        break;
      default:
        this.#answered(said);
    }
  }

  /** What became of a shot: this viewer's, or one of the key at the agent. */
  #answered(said: Record<string, unknown>): void {
    const request = said.request as string;
    if (said.type === 'countdown')
      this.shooting = { step: 'countdown', request, left_s: said.left_s as number };
    else if (said.type === 'taken') this.shooting = { step: 'taken', request, shot: said.shot as string };
    else if (said.type === 'refused')
      this.shooting =
        said.code === 'cancelled'
          ? { step: 'idle' }
          : { step: 'refused', request, says: said.says as string };
  }

  #say(message: Record<string, unknown>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
