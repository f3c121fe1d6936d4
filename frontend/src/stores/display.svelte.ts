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

export class RasterDisplay {
  picture = $state.raw<Picture | null>(null);
  tone = $state.raw<Tone>(PLAIN);
  private raster: Raster | null = null;
  private context: CanvasRenderingContext2D | null = null;
  private image: ImageData | null = null;

  show(raster: Raster | null): void {
    this.raster = raster;
    this.context = null;
    this.image = null;
    this.repaint();
  }

  set(tone: Tone): void {
    this.tone = tone;
    this.repaint();
  }

  /** The stretch of this picture's own levels, 2-98 %. */
  stretch(): Tone {
    return this.raster === null ? PLAIN : { ...stretched(this.raster.pixels), inverted: this.tone.inverted };
  }

  private repaint(): void {
    const { raster } = this;
    if (raster === null || isPlain(this.tone)) {
      this.picture =
        raster === null ? null : { source: raster.source, width: raster.width, height: raster.height };
      return;
    }
    this.context ??= contextOf(raster);
    this.image ??= new ImageData(raster.width, raster.height);
    paintTone(raster.pixels, toneTable(this.tone), this.image.data);
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
