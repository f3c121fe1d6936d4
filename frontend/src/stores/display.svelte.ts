/** A raster or a depth image as it is drawn now: tone, or depth window and colour map. */
import {
  VIRIDIS,
  backWindow,
  coloursOf,
  depthTable,
  paintDepth,
  type Colours,
  type DepthWindow,
  type Rendering,
} from '@/core/depthwindow';
import type { Depth } from '@/core/npy';
import { PLAIN, paintTone, stretched, toneTable, type Tone } from '@/core/radiographwindow';
import { contextOf, type Picture, type Raster } from './pictures';

/** A child's back, from the shoulder blades to the flanks, lies within this depth. */
export const BACK_RANGE_MM = 250;

/** A clip limit that shows the endplates behind the heart and the diaphragm, and little noise. */
export const USUAL_CLIP = 3;

/** What the controls of brightness and contrast act on. */
export interface Toned {
  readonly tone: Tone;
  readonly clip: number;
  set(tone: Tone): void;
  equalise(clip: number): Promise<void>;
  stretch(): Tone;
}

export class RasterDisplay implements Toned {
  picture = $state.raw<Picture | null>(null);
  tone = $state.raw<Tone>(PLAIN);
  /** Clip limit of the local contrast (CLAHE), before the tone; 0 = without. */
  clip = $state.raw(0);
  private raster: Raster | null = null;
  private clahe: typeof import('@/core/clahe') | null = null;
  /** The raster's pixels in local contrast, once they are wanted. */
  private equalised: Uint8ClampedArray | null = null;
  private context: CanvasRenderingContext2D | null = null;
  private image: ImageData | null = null;

  show(raster: Raster | null): void {
    this.raster = raster;
    this.equalised = null;
    this.context = null;
    this.image = null;
    this.repaint();
  }

  set(tone: Tone): void {
    this.tone = tone;
    this.repaint();
  }

  /** Equalises a grey picture part by part, clipped at `clip`; 0 ends it. Rejects when the code for it cannot be fetched. */
  async equalise(clip: number): Promise<void> {
    if (clip > 0) this.clahe ??= await import('@/core/clahe');
    this.clip = clip;
    this.equalised = null;
    this.repaint();
  }

  /** The stretch of this picture's own levels, 2-98 %. */
  stretch(): Tone {
    const pixels = this.pixels();
    return pixels === null ? PLAIN : { ...stretched(pixels), inverted: this.tone.inverted };
  }

  /** What the tone is applied to. */
  private pixels(): Uint8ClampedArray | null {
    const { raster, clip, clahe } = this;
    if (raster === null || clahe === null || clip === 0) return raster?.pixels ?? null;
    this.equalised ??= clahe.equalised(raster.pixels, raster, clahe.tilingFor(raster, clip));
    return this.equalised;
  }

  private repaint(): void {
    const { raster } = this;
    const pixels = this.pixels();
    if (raster === null || pixels === null || (this.clip === 0 && isPlain(this.tone))) {
      this.picture =
        raster === null ? null : { source: raster.source, width: raster.width, height: raster.height };
      return;
    }
    this.context ??= contextOf(raster);
    this.image ??= new ImageData(raster.width, raster.height);
    paintTone(pixels, toneTable(this.tone), this.image.data);
    this.context.putImageData(this.image, 0, 0);
    this.picture = { source: this.context.canvas, width: raster.width, height: raster.height };
  }
}

export class DepthDisplay {
  picture = $state.raw<Picture | null>(null);
  depth = $state.raw<Depth | null>(null);
  window = $state.raw<DepthWindow>({ near_mm: 500, far_mm: 2500 });
  rendering = $state.raw<Rendering>('viridis');
  private painter: Painter = inColours(VIRIDIS);
  private focal_px = 0;
  private context: CanvasRenderingContext2D | null = null;
  private image: ImageData | null = null;

  /** Shows a depth image through the window of a back: from its nearest surface, and no wall behind it. */
  show(depth: Depth | null, camera: Record<string, unknown> | null = null): void {
    this.depth = depth;
    this.focal_px = focalOf(camera, depth);
    this.context = null;
    this.image = null;
    if (depth !== null) this.window = backWindow(depth, BACK_RANGE_MM);
    this.repaint();
  }

  set(change: { window: DepthWindow }): void {
    this.window = change.window;
    this.repaint();
  }

  /** Draws in another way once it is here; rejects when it cannot be fetched. */
  async draw(rendering: Rendering): Promise<void> {
    const before = this.rendering;
    this.rendering = rendering;
    try {
      const painter = await painterOf(rendering);
      if (this.rendering !== rendering) return;
      this.painter = painter;
      this.repaint();
    } catch (error) {
      this.rendering = before;
      throw error;
    }
  }

  private repaint(): void {
    const { depth } = this;
    if (depth === null) {
      this.picture = null;
      return;
    }
    this.context ??= contextOf(depth);
    this.image ??= new ImageData(depth.width, depth.height);
    this.painter(depth, this.window, this.focal_px, new Uint32Array(this.image.data.buffer));
    this.context.putImageData(this.image, 0, 0);
    this.picture = { source: this.context.canvas, width: depth.width, height: depth.height };
  }
}

type Painter = (depth: Depth, window: DepthWindow, focal_px: number, rgba: Uint32Array) => void;

function inColours(colours: Colours): Painter {
  return (depth, window, _, rgba) => paintDepth(depth, depthTable(window, colours), rgba);
}

async function painterOf(rendering: Rendering): Promise<Painter> {
  if (rendering === 'relief') return (await import('@/core/relief')).paintRelief;
  if (rendering === 'curvature') return (await import('@/core/relief')).paintCurvature;
  return inColours(await coloursOf(rendering));
}

/** Without a camera on record, that of a Kinect's colour picture: 0.47 of its width. */
function focalOf(camera: Record<string, unknown> | null, depth: Depth | null): number {
  const fx = camera?.['fx'];
  return typeof fx === 'number' && fx > 0 ? fx : 0.47 * (depth?.width ?? 1);
}

function isPlain(tone: Tone): boolean {
  return tone.black === 0 && tone.white === 255 && tone.gamma === 1 && !tone.inverted;
}

/** Several rasters as one: the first says how all are drawn. */
export class Alike implements Toned {
  constructor(private readonly displays: readonly [RasterDisplay, ...RasterDisplay[]]) {}

  get tone(): Tone {
    return this.displays[0].tone;
  }

  get clip(): number {
    return this.displays[0].clip;
  }

  set(tone: Tone): void {
    for (const display of this.displays) display.set(tone);
  }

  async equalise(clip: number): Promise<void> {
    await Promise.all(this.displays.map((display) => display.equalise(clip)));
  }

  stretch(): Tone {
    return this.displays[0].stretch();
  }
}
