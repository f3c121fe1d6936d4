import { describe, expect, it } from 'vitest';
import { PLAIN, adjusted, paintTone, stretched, toneTable } from './radiographwindow';

describe('toneTable', () => {
  it('changes nothing by default', () => {
    expect([...toneTable(PLAIN)]).toEqual(Array.from({ length: 256 }, (_, i) => i));
  });
  it('inverts, stretches, and lightens the middle by gamma', () => {
    expect(toneTable({ ...PLAIN, inverted: true })[10]).toBe(245);
    const table = toneTable({ ...PLAIN, black: 100, white: 200 });
    expect([table[99], table[100], table[150], table[200], table[255]]).toEqual([0, 0, 128, 255, 255]);
    expect(toneTable({ ...PLAIN, gamma: 2 })[64]).toBe(128);
  });
});

describe('paintTone', () => {
  it('keeps alpha', () => {
    const out = new Uint8ClampedArray(4);
    paintTone(new Uint8ClampedArray([0, 100, 255, 77]), toneTable({ ...PLAIN, inverted: true }), out);
    expect([...out]).toEqual([255, 155, 0, 77]);
  });
});

describe('stretched', () => {
  it('finds the 2nd and 98th percentile', () => {
    const pixels = new Uint8ClampedArray(4 * 101);
    for (let i = 0; i <= 100; i += 1) pixels.set([i + 50, i + 50, i + 50, 255], i * 4);
    const tone = stretched(pixels);
    expect([tone.black, tone.white]).toEqual([52, 148]);
  });
  it('stays usable on a flat picture', () => {
    const tone = stretched(new Uint8ClampedArray(400).fill(90));
    expect(tone.white).toBeGreaterThan(tone.black);
  });
});

describe('adjusted', () => {
  it('brightens without changing contrast, and the reverse', () => {
    const bright = adjusted(PLAIN, 50, 0);
    expect(bright.white - bright.black).toBeCloseTo(255);
    expect(bright.black).toBeCloseTo(-63.5);
    const hard = adjusted(PLAIN, 0, 50);
    expect([hard.black, hard.white]).toEqual([63.75, 191.25]);
  });
});
