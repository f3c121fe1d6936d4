/**
 * Contrast-limited adaptive histogram equalisation of a grey picture: each part of a film in its own levels.
 *
 * K. Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV (1994); clipping and
 * rounding as in OpenCV, to whose results `tests/golden/clahe.json` holds it.
 */
import type { Size } from './viewport';

/** 32 bits as in OpenCV, so that halves are rounded to the same side. */
const f = Math.fround;

export interface Tiling {
  /** How many tiles the picture is divided into, each with a table of its own. */
  readonly across: number;
  readonly down: number;
  /** How often a level may occur in a tile, in multiples of the mean over all levels; 1 changes nothing but the range. */
  readonly clip: number;
}

/** Eight tiles across and as many down as make them square. */
export function tilingFor({ width, height }: Size, clip: number): Tiling {
  return { across: 8, down: Math.max(1, Math.round((8 * height) / width)), clip };
}

/**
 * The picture equalised, RGBA; alpha is kept.
 * @param pixels RGBA of a grey picture: the level is read from green.
 */
export function equalised(pixels: Uint8ClampedArray, size: Size, tiling: Tiling): Uint8ClampedArray {
  if (pixels.length !== 4 * size.width * size.height)
    throw new RangeError('the picture differs from its size');
  const across = axis(size.width, tiling.across);
  const down = axis(size.height, tiling.down);
  return mixed(pixels, across, down, tablesOf(pixels, across, down, tiling.clip));
}

interface Axis {
  readonly length: number;
  readonly tiles: number;
  /** Pixels of a tile. */
  readonly tile: number;
  /** For each pixel the tiles whose centres lie about it, and the share of the second. */
  readonly before: Uint16Array;
  readonly after: Uint16Array;
  readonly share: Float32Array;
}

function axis(length: number, wanted: number): Axis {
  const tiles = Math.min(wanted, length);
  const tile = Math.ceil(length / tiles);
  const [before, after] = [new Uint16Array(length), new Uint16Array(length)];
  const share = new Float32Array(length);
  const pitch = f(1 / tile);
  for (let i = 0; i < length; i += 1) {
    const at = f(f(i * pitch) - 0.5);
    const first = Math.floor(at);
    share[i] = at - first;
    before[i] = Math.max(0, first);
    after[i] = Math.min(tiles - 1, first + 1);
  }
  return { length, tiles, tile, before, after, share };
}

/** A table of 256 levels for each tile, row by row; clamped arrays round what they are given, halves to even. */
function tablesOf(pixels: Uint8ClampedArray, across: Axis, down: Axis, clip: number): Uint8ClampedArray {
  const tables = new Uint8ClampedArray(across.tiles * down.tiles * 256);
  const counts = new Uint32Array(256);
  for (let row = 0; row < down.tiles; row += 1) {
    for (let column = 0; column < across.tiles; column += 1) {
      count(pixels, across, down, column, row, counts);
      clipped(counts, clip, across.tile * down.tile);
      accumulate(counts, across.tile * down.tile, tables, (row * across.tiles + column) * 256);
    }
  }
  return tables;
}

/** How often each level occurs in a tile; what of it lies beyond the picture is its mirror image. */
function count(
  pixels: Uint8ClampedArray,
  across: Axis,
  down: Axis,
  column: number,
  row: number,
  counts: Uint32Array,
): void {
  counts.fill(0);
  for (let y = row * down.tile; y < (row + 1) * down.tile; y += 1) {
    const line = inside(y, down.length) * across.length;
    for (let x = column * across.tile; x < (column + 1) * across.tile; x += 1) {
      const level = pixels[4 * (line + inside(x, across.length)) + 1]!;
      counts[level] = counts[level]! + 1;
    }
  }
}

function inside(i: number, length: number): number {
  return i < length ? i : Math.max(0, 2 * length - 2 - i);
}

/** No level more often than the limit; what is cut off goes to all levels alike. */
function clipped(counts: Uint32Array, clip: number, area: number): void {
  const limit = Math.max(1, Math.floor((clip * area) / 256));
  let excess = 0;
  for (let level = 0; level < 256; level += 1) {
    excess += Math.max(0, counts[level]! - limit);
    counts[level] = Math.min(counts[level]!, limit);
  }
  const rest = excess % 256;
  const each = (excess - rest) / 256;
  const step = rest === 0 ? 256 : Math.max(1, Math.floor(256 / rest));
  for (let level = 0; level < 256; level += 1) {
    const isOneMore = level % step === 0 && level / step < rest;
    counts[level] = counts[level]! + each + (isOneMore ? 1 : 0);
  }
}

function accumulate(counts: Uint32Array, area: number, tables: Uint8ClampedArray, start: number): void {
  const scale = f(255 / area);
  let below = 0;
  for (let level = 0; level < 256; level += 1) {
    below += counts[level]!;
    tables[start + level] = f(below * scale);
  }
}

/** Each pixel through the tables of the four tiles about it, mixed by how near their centres are. */
function mixed(
  pixels: Uint8ClampedArray,
  across: Axis,
  down: Axis,
  tables: Uint8ClampedArray,
): Uint8ClampedArray {
  const out = new Uint8ClampedArray(pixels.length);
  for (let y = 0, i = 0; y < down.length; y += 1) {
    const upper = down.before[y]! * across.tiles * 256;
    const lower = down.after[y]! * across.tiles * 256;
    const v = down.share[y]!;
    for (let x = 0; x < across.length; x += 1, i += 4) {
      const level = pixels[i + 1]!;
      const left = across.before[x]! * 256 + level;
      const right = across.after[x]! * 256 + level;
      const u = across.share[x]!;
      const above = f(f(tables[upper + left]! * f(1 - u)) + f(tables[upper + right]! * u));
      const below = f(f(tables[lower + left]! * f(1 - u)) + f(tables[lower + right]! * u));
      const value = f(f(above * f(1 - v)) + f(below * v));
      out[i] = value;
      out[i + 1] = value;
      out[i + 2] = value;
      out[i + 3] = pixels[i + 3]!;
    }
  }
  return out;
}
