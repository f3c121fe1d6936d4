/** The binary frames of the live view, as `capture_agent/protocol/previews.py` and `depthcode.py` have them. */

export type DepthCode = 'none' | 'exact' | 'shade';

export interface Preview {
  readonly seq: number;
  /** JPEG; null where the camera gave none. */
  readonly colour: Uint8Array<ArrayBuffer> | null;
  readonly depth: Uint8Array<ArrayBuffer> | null;
  readonly depthCode: DepthCode;
  readonly depthWidth: number;
  readonly depthHeight: number;
  /** Of a shade: what gray 255 and gray 1 stand for. */
  readonly near_mm: number;
  readonly far_mm: number;
}

const HEADER_BYTES = 36;
const CODES: readonly DepthCode[] = ['none', 'exact', 'shade'];

/** @throws Error where the bytes are no frame that this page knows. */
export function parsePreview(buffer: ArrayBuffer): Preview {
  if (buffer.byteLength < HEADER_BYTES) throw new Error('The preview frame is cut off.');
  const view = new DataView(buffer);
  const depthCode = CODES[view.getUint8(3)];
  const colourBytes = view.getUint32(28, true);
  const depthBytes = view.getUint32(32, true);
  if (view.getUint8(0) !== 1 || view.getUint8(1) !== 1 || depthCode === undefined)
    throw new Error('The preview frame is of a kind that this page does not know; load it again.');
  if (HEADER_BYTES + colourBytes + depthBytes !== buffer.byteLength)
    throw new Error('The preview frame is not as long as it says.');
  return {
    seq: view.getUint32(4, true),
    colour: colourBytes ? new Uint8Array(buffer, HEADER_BYTES, colourBytes) : null,
    depth: depthBytes ? new Uint8Array(buffer, HEADER_BYTES + colourBytes, depthBytes) : null,
    depthCode,
    depthWidth: view.getUint16(20, true),
    depthHeight: view.getUint16(22, true),
    near_mm: view.getUint16(24, true),
    far_mm: view.getUint16(26, true),
  };
}

/** Millimetres of an exact depth picture, once it is inflated. */
export function unfoldDepth(plain: Uint8Array, width: number, height: number): Uint16Array<ArrayBuffer> {
  const count = width * height;
  if (plain.length !== 2 * count) throw new Error('The depth picture does not have the size it claims.');
  const depth = new Uint16Array(count);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0, left = 0; x < width; x += 1, i += 1) {
      const folded = (plain[i] as number) | ((plain[count + i] as number) << 8);
      depth[i] = left = (left + ((folded >> 1) ^ -(folded & 1))) & 0xffff;
    }
  }
  return depth;
}

/**
 * The colour of each gray value of a shade, as RGBA words. Gray 255 is near; 0 is nothing measured. `table`: the
 * colour of each millimetre.
 */
export function shadeTable(near_mm: number, far_mm: number, table: Uint32Array): Uint32Array {
  const colours = new Uint32Array(256);
  colours[0] = table[0] as number;
  for (let gray = 1; gray < 256; gray += 1) {
    const mm = Math.round(far_mm - ((gray - 1) / 254) * (far_mm - near_mm));
    colours[gray] = table[mm] as number;
  }
  return colours;
}

/** Paints gray RGBA pixels in colours, in place. */
export function colourShade(rgba: Uint32Array, colours: Uint32Array): void {
  for (let i = 0; i < rgba.length; i += 1) rgba[i] = colours[(rgba[i] as number) & 0xff] as number;
}
