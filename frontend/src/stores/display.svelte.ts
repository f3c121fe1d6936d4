/** A raster or a depth image as it is drawn now: tone, or depth window and colour map. */
import {
  VIRIDIS,
  backWindow,
  coloursOf,
  depthTable,
  paintDepth,
  type ColourMap,
  type Colours,
  type DepthWindow,
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
  map = $state.raw<ColourMap>('viridis');
  private colours: Colours = VIRIDIS;
  private context: CanvasRenderingContext2D | null = null;
  private image: ImageData | null = null;

  /** Shows a depth image through the window of a back: from its nearest surface, and no wall behind it. */
  show(depth: Depth | null): void {
    this.depth = depth;
    this.context = null;
    this.image = null;
    if (depth !== null) this.window = backWindow(depth, BACK_RANGE_MM);
    this.repaint();
  }

  set(change: { window: DepthWindow }): void {
    this.window = change.window;
    this.repaint();
  }

  /** Draws in other colours once they are here; rejects when they cannot be fetched. */
  async colour(map: ColourMap): Promise<void> {
    const before = this.map;
    this.map = map;
    try {
      const colours = await coloursOf(map);
      if (this.map !== map) return;
      this.colours = colours;
      this.repaint();
    } catch (error) {
      this.map = before;
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
    paintDepth(depth, depthTable(this.window, this.colours), new Uint32Array(this.image.data.buffer));
    this.context.putImageData(this.image, 0, 0);
    this.picture = { source: this.context.canvas, width: depth.width, height: depth.height };
  }
}

function isPlain(tone: Tone): boolean {
  return tone.black === 0 && tone.white === 255 && tone.gamma === 1 && !tone.inverted;
}
