import { depthTable, VIRIDIS } from '@/core/depthwindow';
import { colourShade, shadeTable, unfoldDepth, type Preview } from '@/core/preview';

const WINDOW = { near_mm: 900, far_mm: 2100 };
const TABLE = depthTable(WINDOW, VIRIDIS);

/** Draws frames: the colour as it is, the depth in colours. The browser decodes the JPEGs beside the page's work. */
export class Painter {
  #colours: { near: number; far: number; table: Uint32Array } | null = null;
  colour: HTMLCanvasElement | undefined;
  depth: HTMLCanvasElement | undefined;

  async paint(frame: Preview): Promise<void> {
    const [colour, depth] = await Promise.all([decoded(frame.colour), this.#depth(frame)]);
    if (this.colour && colour) {
      fit(this.colour, colour.width, colour.height).drawImage(colour, 0, 0);
      colour.close();
    }
    if (this.depth && depth) fit(this.depth, depth.width, depth.height).putImageData(depth, 0, 0);
  }

  async #depth(frame: Preview): Promise<ImageData | null> {
    if (frame.depth === null) return null;
    if (frame.depthCode === 'exact') return exact(frame, frame.depth);
    const picture = await decoded(frame.depth);
    if (picture === null) return null;
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) return null;
    context.drawImage(picture, 0, 0);
    picture.close();
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    colourShade(new Uint32Array(pixels.data.buffer), this.#tableOf(frame));
    return pixels;
  }

  #tableOf({ near_mm, far_mm }: Preview): Uint32Array {
    if (this.#colours?.near !== near_mm || this.#colours.far !== far_mm)
      this.#colours = { near: near_mm, far: far_mm, table: shadeTable(near_mm, far_mm, TABLE) };
    return this.#colours.table;
  }
}

async function exact(frame: Preview, bytes: Uint8Array<ArrayBuffer>): Promise<ImageData> {
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const plain = new Uint8Array(await new Response(inflated).arrayBuffer());
  const depth = unfoldDepth(plain, frame.depthWidth, frame.depthHeight);
  const pixels = new ImageData(frame.depthWidth, frame.depthHeight);
  const rgba = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < depth.length; i += 1) rgba[i] = TABLE[depth[i] as number] as number;
  return pixels;
}

async function decoded(jpeg: Uint8Array<ArrayBuffer> | null): Promise<ImageBitmap | null> {
  return jpeg === null ? null : createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
}

function fit(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser draws no pictures.');
  return context;
}
