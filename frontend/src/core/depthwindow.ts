/** Depth in mm -> coloured pixels, through one table of 65,536 entries: exact, and quick without WebGL. */
import viridis from './colourmaps/viridis.json';
import type { Depth } from './npy';

export const COLOUR_MAPS = ['viridis', 'turbo', 'gray', 'bone'] as const;
export type ColourMap = (typeof COLOUR_MAPS)[number];
/** As coloured distances, as a surface lit from the side, or by how the surface bends: see `relief`. */
export const SURFACES = ['relief', 'curvature'] as const;
export type Rendering = ColourMap | (typeof SURFACES)[number];
/** 256 colours, from far to near, six hexadecimal digits each, as matplotlib has them. */
export type Colours = string;
export const VIRIDIS: Colours = viridis;

/** The colours of a map; only the first one's are there from the beginning. */
export async function coloursOf(map: ColourMap): Promise<Colours> {
  switch (map) {
    case 'viridis':
      return VIRIDIS;
    case 'turbo':
      return (await import('./colourmaps/turbo.json')).default;
    case 'gray':
      return (await import('./colourmaps/gray.json')).default;
    case 'bone':
      return (await import('./colourmaps/bone.json')).default;
  }
}

/** What is nearer than `near_mm` or farther than `far_mm` takes the first or last colour. */
export interface DepthWindow {
  readonly near_mm: number;
  readonly far_mm: number;
}

/** A hole (0 mm) is never drawn in a colour of the map. */
const HOLE = pack(20, 20, 24);

/** Little-endian RGBA words, one per depth value; near = the bright end of the map. */
export function depthTable(window: DepthWindow, map: Colours): Uint32Array {
  const colours = decode(map);
  const span = Math.max(1, window.far_mm - window.near_mm);
  const table = new Uint32Array(65536);
  for (let mm = 1; mm < 65536; mm += 1) {
    const share = 1 - Math.min(1, Math.max(0, (mm - window.near_mm) / span));
    table[mm] = colours[Math.round(share * 255)] ?? HOLE;
  }
  table[0] = HOLE;
  return table;
}

export function paintDepth(depth: Depth, table: Uint32Array, rgba: Uint32Array): void {
  const { values_mm } = depth;
  if (rgba.length !== values_mm.length) throw new RangeError('the picture and the depth differ in size');
  for (let i = 0; i < values_mm.length; i += 1) rgba[i] = table[values_mm[i] as number] as number;
}

/**
 * The window that shows the back: from the nearest surface (2nd percentile of the central half of the image)
 * to `range_mm` behind it, or to the 98th percentile there when no range is asked for.
 */
export function backWindow(depth: Depth, range_mm?: number): DepthWindow {
  const counts = centralCounts(depth);
  const near_mm = percentile(counts, 0.02);
  if (near_mm === null) return { near_mm: 500, far_mm: 2500 };
  const far_mm = range_mm === undefined ? (percentile(counts, 0.98) ?? near_mm) : near_mm + range_mm;
  return { near_mm, far_mm: Math.max(far_mm, near_mm + 10) };
}

/** A drag in the depth pane: across changes the width, up and down moves the window. */
export function draggedWindow(from: DepthWindow, dx: number, dy: number): DepthWindow {
  const width = Math.max(4, (from.far_mm - from.near_mm) * Math.exp(dx / 200));
  const middle = (from.near_mm + from.far_mm) / 2 + (dy * (from.far_mm - from.near_mm)) / 300;
  return { near_mm: Math.max(1, Math.round(middle - width / 2)), far_mm: Math.round(middle + width / 2) };
}

function centralCounts(depth: Depth): Uint32Array {
  const counts = new Uint32Array(65536);
  const [top, bottom] = [Math.floor(depth.height / 4), Math.ceil((depth.height * 3) / 4)];
  const [left, right] = [Math.floor(depth.width / 4), Math.ceil((depth.width * 3) / 4)];
  for (let row = top; row < bottom; row += 1) {
    const start = row * depth.width;
    for (let i = start + left; i < start + right; i += 1) tally(counts, depth.values_mm[i] as number);
  }
  counts[0] = 0;
  return counts;
}

function percentile(counts: Uint32Array, share: number): number | null {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return null;
  let seen = 0;
  for (let value = 0; value < counts.length; value += 1) {
    seen += counts[value] as number;
    if (seen >= share * total) return value;
  }
  return null;
}

function decode(hex: string): Uint32Array {
  const colours = new Uint32Array(256);
  for (let i = 0; i < 256; i += 1) {
    const rgb = parseInt(hex.slice(i * 6, i * 6 + 6), 16);
    colours[i] = pack(rgb >> 16, (rgb >> 8) & 255, rgb & 255);
  }
  return colours;
}

function pack(red: number, green: number, blue: number): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function tally(counts: Uint32Array, value: number): void {
  counts[value] = (counts[value] as number) + 1;
}
