/** Reads NumPy's `.npy` container, unsigned 16 bit only: depth in millimetres, exact (a PNG decoder is not). */

export interface Depth {
  readonly width: number;
  readonly height: number;
  /** Row by row, 0 = no measurement. */
  readonly values_mm: Uint16Array;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** @throws Error when the bytes are not a two-dimensional little-endian uint16 array in C order. */
export function parseDepth(buffer: ArrayBuffer): Depth {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new Error('The depth file is not a NumPy array; ask for the image again.');
  }
  const view = new DataView(buffer);
  const wide = (bytes[6] ?? 1) >= 2;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + length;
  const header = new TextDecoder('latin1').decode(bytes.subarray(wide ? 12 : 10, start));
  const [height, width] = readShape(header);
  if (buffer.byteLength - start < width * height * 2) {
    throw new Error(`The depth file ends early: ${width} x ${height} values were announced.`);
  }
  // A copy where the header leaves the data on an odd byte: a Uint16Array needs an even offset.
  const data = start % 2 === 0 ? buffer : buffer.slice(start);
  const values_mm = new Uint16Array(data, data === buffer ? start : 0, width * height);
  return { width, height, values_mm };
}

function readShape(header: string): [number, number] {
  const kind = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (kind !== '<u2')
    throw new Error(`The depth file holds ${kind ?? 'unknown'} values, not <u2 millimetres.`);
  if (!/'fortran_order':\s*False/.test(header)) throw new Error('The depth file is not in C order.');
  const shape = /'shape':\s*\((\d+),\s*(\d+)\s*\)/.exec(header);
  if (!shape) throw new Error('The depth file is not two-dimensional.');
  return [Number(shape[1]), Number(shape[2])];
}

/** Depth under a spot (image pixels) in mm; 0 = a hole; null outside the image. */
export function depthAt(depth: Depth, x: number, y: number): number | null {
  const column = Math.min(Math.floor(x), depth.width - 1);
  const row = Math.min(Math.floor(y), depth.height - 1);
  if (x < 0 || y < 0 || x > depth.width || y > depth.height) return null;
  return depth.values_mm[row * depth.width + column] ?? null;
}
