import { describe, expect, it } from 'vitest';
import { colourShade, parsePreview, shadeTable, unfoldDepth } from './preview';

function frame(colour: number, depth: number, code = 2): ArrayBuffer {
  const buffer = new ArrayBuffer(36 + colour + depth);
  const view = new DataView(buffer);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint8(2, colour ? 1 : 0);
  view.setUint8(3, code);
  view.setUint32(4, 77, true);
  view.setUint16(20, 640, true);
  view.setUint16(22, 576, true);
  view.setUint16(24, 1000, true);
  view.setUint16(26, 2000, true);
  view.setUint32(28, colour, true);
  view.setUint32(32, depth, true);
  return buffer;
}

describe('parsePreview', () => {
  it('reads the header and cuts the pictures', () => {
    const found = parsePreview(frame(10, 20));
    expect(found).toMatchObject({
      seq: 77,
      depthCode: 'shade',
      depthWidth: 640,
      near_mm: 1000,
      far_mm: 2000,
    });
    expect([found.colour?.length, found.depth?.length]).toEqual([10, 20]);
    expect(parsePreview(frame(0, 0, 0)).colour).toBeNull();
  });

  it('refuses what is no frame', () => {
    expect(() => parsePreview(new ArrayBuffer(20))).toThrow('cut off');
    expect(() => parsePreview(frame(1, 1, 9))).toThrow('does not know');
    expect(() => parsePreview(frame(10, 20).slice(0, 50))).toThrow('not as long');
  });
});

describe('unfoldDepth', () => {
  it('undoes difference, zigzag and the split into bytes', () => {
    // Rows 1500 1501 1499 and 0 700 0.
    const deltas = [1500, 1, -2, 0, 700, -700];
    const folded = deltas.map((delta) => ((delta << 1) ^ (delta >> 31)) & 0xffff);
    const plain = new Uint8Array([...folded.map((v) => v & 255), ...folded.map((v) => v >> 8)]);
    expect([...unfoldDepth(plain, 3, 2)]).toEqual([1500, 1501, 1499, 0, 700, 0]);
    expect(() => unfoldDepth(plain, 3, 3)).toThrow('size');
  });
});

describe('a shade in colours', () => {
  it('gives near, far and nothing their colours', () => {
    const table = Uint32Array.from({ length: 65536 }, (_, mm) => mm);
    const colours = shadeTable(1000, 2000, table);
    const pixels = Uint32Array.of(0xff000000, 0xffffffff, 0xff010101, 0xff808080);
    colourShade(pixels, colours);
    expect([...pixels]).toEqual([0, 1000, 2000, 1500]);
  });
});
