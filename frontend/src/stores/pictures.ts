/** Fetches pictures and depth once each and keeps the last few, so that the next case is there before it is asked for. */
import { parseDepth, type Depth } from '@/core/npy';
import type { Size } from '@/core/viewport';

/** Something a viewport can draw; a new object after every repaint, for Svelte redraws on identity. */
export interface Picture extends Size {
  readonly source: CanvasImageSource;
}

/** An 8-bit picture and its pixels (RGBA), as the server sent them. */
export interface Raster extends Picture {
  readonly pixels: Uint8ClampedArray;
}

/** The server answered, but not with a picture. */
export class PictureError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const KEPT = 12;
const cache = new Map<string, Promise<unknown>>();

export function loadRaster(url: string): Promise<Raster> {
  return once(url, async () => rasterOf(await (await ask(url)).blob()));
}

export function loadDepth(url: string): Promise<Depth> {
  return once(url, async () => parseDepth(await (await ask(url)).arrayBuffer()));
}

/** Reads the pixels of a JPEG or PNG; no colour profile or EXIF turn may move or change them. */
export async function rasterOf(blob: Blob): Promise<Raster> {
  const source = await createImageBitmap(blob, {
    colorSpaceConversion: 'none',
    imageOrientation: 'none',
    premultiplyAlpha: 'none',
  });
  const { width, height } = source;
  const context = contextOf({ width, height });
  context.drawImage(source, 0, 0);
  return { source, width, height, pixels: context.getImageData(0, 0, width, height).data };
}

export function contextOf(size: Size): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null)
    throw new Error('This browser gave no canvas to draw on; close other tabs and reload.');
  return context;
}

async function ask(url: string): Promise<Response> {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (response.ok) return response;
  const words =
    response.status === 401
      ? 'Sign in again to see this picture.'
      : `The picture did not load (${response.status}).`;
  throw new PictureError(response.status, words);
}

function once<T>(url: string, load: () => Promise<T>): Promise<T> {
  const kept = cache.get(url) as Promise<T> | undefined;
  const promise = kept ?? load();
  cache.delete(url);
  cache.set(url, promise);
  promise.catch(() => cache.delete(url));
  for (const oldest of cache.keys()) {
    if (cache.size <= KEPT) break;
    cache.delete(oldest);
  }
  return promise;
}
