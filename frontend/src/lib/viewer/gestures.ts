/**
 * Pointer, wheel and pinch in one pane: a few small states, no DOM.
 *
 * Mouse and pen: the primary button uses the tool, or pans where there is none; middle button or held space pans;
 * the secondary button drags brightness or the depth window. Touch: a tap uses the tool, a drag pans, two fingers
 * pinch and pan; a drag that begins on a grip (a mark) always moves the grip.
 */
import {
  distance,
  pannedBy,
  pinched,
  toImage,
  zoomedAt,
  type PaneFromImage,
  type Size,
  type Spot,
  type View,
} from '@/core/viewport';

/** What a press does. Spots are image pixels. `release` ends what `press` began; `cancel` takes it back. */
export interface Tool {
  press(spot: Spot, shift: boolean): void;
  drag(spot: Spot, shift: boolean): void;
  release(): void;
  cancel(): void;
}

export interface PointerSign {
  readonly id: number;
  readonly touch: boolean;
  readonly button: number;
  /** Pane pixels. */
  readonly at: Spot;
  readonly shift: boolean;
  /** The name of the grip under the pointer. */
  readonly grip: string | null;
}

export interface GestureHost {
  readonly image: Size;
  readonly pane: Size;
  readonly map: PaneFromImage;
  readonly isPanKeyDown: boolean;
  view: View;
  tool(grip: string | null): Tool | null;
  /** A secondary drag of (dx, dy) since it began; `begun` on its first call. */
  window(dx: number, dy: number, begun: boolean): void;
  /** A click or tap that no tool wanted. */
  click(): void;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'tool'; readonly id: number; readonly tool: Tool }
  | { readonly kind: 'touch'; readonly id: number; readonly from: Spot; readonly shift: boolean }
  | {
      readonly kind: 'pan';
      readonly id: number;
      readonly from: Spot;
      readonly at: Spot;
      readonly view: View;
      readonly moved: boolean;
    }
  | { readonly kind: 'window'; readonly id: number; readonly from: Spot; readonly begun: boolean }
  | {
      readonly kind: 'pinch';
      readonly ids: readonly [number, number];
      readonly from: readonly [Spot, Spot];
      readonly to: readonly [Spot, Spot];
      readonly view: View;
    };

/** A press that moves less than this many CSS pixels is still a click. */
const SLACK = 4;
const TOUCH_SLACK = 9;
const IDLE: State = { kind: 'idle' };

export class Gestures {
  private state: State = IDLE;

  constructor(private readonly host: GestureHost) {}

  get isPanning(): boolean {
    return this.state.kind === 'pan' && this.state.moved;
  }

  down(sign: PointerSign): void {
    if (sign.touch && this.state.kind !== 'idle') return this.secondFinger(sign);
    if (this.state.kind !== 'idle') return;
    if (sign.button === 2) this.state = { kind: 'window', id: sign.id, from: sign.at, begun: false };
    else if (sign.button === 1 || this.host.isPanKeyDown) this.state = this.panning(sign);
    else if (sign.touch && sign.grip === null)
      this.state = { kind: 'touch', id: sign.id, from: sign.at, shift: sign.shift };
    else this.useTool(sign);
  }

  move(sign: PointerSign): void {
    const { state } = this;
    if (state.kind === 'pinch') return this.pinch(state, sign);
    if (state.kind === 'idle' || state.id !== sign.id) return;
    const [dx, dy] = 'from' in state ? [sign.at.x - state.from.x, sign.at.y - state.from.y] : [0, 0];
    if (state.kind === 'tool') state.tool.drag(toImage(this.host.map, sign.at), sign.shift);
    else if (state.kind === 'pan') this.pan(state, dx, dy);
    else if (state.kind === 'touch' && Math.hypot(dx, dy) > TOUCH_SLACK) {
      this.state = { ...this.panning({ ...sign, at: state.from }), moved: true };
      this.move(sign);
    } else if (state.kind === 'window') {
      this.host.window(dx, dy, !state.begun);
      this.state = { ...state, begun: true };
    }
  }

  up(sign: PointerSign): void {
    const { state } = this;
    if (state.kind === 'idle' || !holds(state, sign.id)) return;
    this.state = IDLE;
    if (state.kind === 'tool') state.tool.release();
    else if (state.kind === 'touch') this.tap(state);
    else if (state.kind === 'pan' && !state.moved) this.host.click();
  }

  cancel(id: number): void {
    const { state } = this;
    if (state.kind === 'idle' || !holds(state, id)) return;
    this.state = IDLE;
    if (state.kind === 'tool') state.tool.cancel();
  }

  /** One notch of a wheel is 100; a trackpad's pinch comes with `fine`. */
  wheel(delta: number, at: Spot, fine: boolean): void {
    const factor = Math.exp(-delta * (fine ? 0.01 : 0.0016));
    this.host.view = zoomedAt(this.host.view, factor, at, this.host.image, this.host.pane);
  }

  private useTool(sign: PointerSign): void {
    const tool = this.host.tool(sign.grip);
    if (tool === null) {
      this.state = this.panning(sign);
      return;
    }
    this.state = { kind: 'tool', id: sign.id, tool };
    tool.press(toImage(this.host.map, sign.at), sign.shift);
  }

  private tap(state: Extract<State, { kind: 'touch' }>): void {
    const tool = this.host.tool(null);
    if (tool === null) return this.host.click();
    tool.press(toImage(this.host.map, state.from), state.shift);
    tool.release();
  }

  private panning(sign: PointerSign): Extract<State, { kind: 'pan' }> {
    return { kind: 'pan', id: sign.id, from: sign.at, at: sign.at, view: this.host.view, moved: false };
  }

  private pan(state: Extract<State, { kind: 'pan' }>, dx: number, dy: number): void {
    if (!state.moved && Math.hypot(dx, dy) <= SLACK) return;
    this.state = { ...state, moved: true, at: { x: state.from.x + dx, y: state.from.y + dy } };
    this.host.view = pannedBy(state.view, dx, dy, this.host.image, this.host.pane);
  }

  private secondFinger(sign: PointerSign): void {
    const { state } = this;
    if (state.kind === 'tool') state.tool.cancel();
    if (state.kind !== 'touch' && state.kind !== 'pan') {
      this.state = state.kind === 'tool' ? IDLE : state;
      return;
    }
    const both = [state.kind === 'pan' ? state.at : state.from, sign.at] as const;
    if (distance(both[0], both[1]) < 1) return;
    this.state = { kind: 'pinch', ids: [state.id, sign.id], from: both, to: both, view: this.host.view };
  }

  private pinch(state: Extract<State, { kind: 'pinch' }>, sign: PointerSign): void {
    if (!state.ids.includes(sign.id)) return;
    const to: readonly [Spot, Spot] =
      sign.id === state.ids[0] ? [sign.at, state.to[1]] : [state.to[0], sign.at];
    this.state = { ...state, to };
    this.host.view = pinched(state.view, state.from, to, this.host.image, this.host.pane);
  }
}

function holds(state: Exclude<State, { kind: 'idle' }>, id: number): boolean {
  return state.kind === 'pinch' ? state.ids.includes(id) : state.id === id;
}
