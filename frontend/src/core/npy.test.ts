import { describe, expect, it } from 'vitest';
import { depthAt, parseDepth } from './npy';

function npy(header: string, values: readonly number[], pad = 64): ArrayBuffer {
  const text = header.padEnd(pad - 10 - 1) + '\n';
  const bytes = new Uint8Array(10 + text.length + values.length * 2);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  values.forEach((value, i) => bytes.set([value & 255, value >> 8], 10 + text.length + i * 2));
  return bytes.buffer;
}

const HEADER = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }";

describe('parseDepth', () => {
  it('reads every level of 16 bits', () => {
    const depth = parseDepth(npy(HEADER, [0, 1, 719, 720, 40000, 65535], 128));
    expect([depth.width, depth.height]).toEqual([3, 2]);
    expect([...depth.values_mm]).toEqual([0, 1, 719, 720, 40000, 65535]);
  });

  it('reads data that begins on an odd byte', () => {
    expect([...parseDepth(npy(HEADER, [5, 6, 7, 8, 9, 10], 81)).values_mm]).toEqual([5, 6, 7, 8, 9, 10]);
  });

  it.each([
    ['another container', new ArrayBuffer(40), 'not a NumPy array'],
    ['floats', npy(HEADER.replace('<u2', '<f4'), [0, 0, 0, 0, 0, 0], 128), '<f4 values'],
    ['Fortran order', npy(HEADER.replace('False', 'True'), [0, 0, 0, 0, 0, 0], 128), 'C order'],
    [
      'three dimensions',
      npy(HEADER.replace('(2, 3)', '(1, 2, 3)'), [0, 0, 0, 0, 0, 0], 128),
      'two-dimensional',
    ],
    ['a torn file', npy(HEADER, [1, 2, 3, 4, 5], 128), 'ends early'],
  ])('refuses %s', (_name, buffer, message) => {
    expect(() => parseDepth(buffer)).toThrow(message);
  });
});

describe('depthAt', () => {
  const depth = parseDepth(npy(HEADER, [0, 11, 12, 20, 21, 22], 128));
  it('takes the pixel under the spot, edges included', () => {
    expect(depthAt(depth, 1.999, 0.001)).toBe(11);
    expect(depthAt(depth, 2, 1)).toBe(22);
    expect(depthAt(depth, 3, 2)).toBe(22);
    expect(depthAt(depth, 0.5, 0.5)).toBe(0);
  });
  it('is null outside', () => {
    expect(depthAt(depth, -0.1, 1)).toBeNull();
    expect(depthAt(depth, 1, 2.1)).toBeNull();
  });
});
