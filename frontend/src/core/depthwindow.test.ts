import { describe, expect, it } from 'vitest';
import {
  COLOUR_MAPS,
  VIRIDIS,
  backWindow,
  coloursOf,
  depthTable,
  draggedWindow,
  paintDepth,
} from './depthwindow';
import type { Depth } from './npy';

const WINDOW = { near_mm: 1000, far_mm: 1255 };

function rgb(word: number): number[] {
  return [word & 255, (word >> 8) & 255, (word >> 16) & 255];
}

describe('depthTable', () => {
  it('gives each of the 256 steps its own grey, the nearest white', async () => {
    const table = depthTable(WINDOW, await coloursOf('gray'));
    expect(rgb(table[1000] as number)).toEqual([255, 255, 255]);
    expect(rgb(table[1127] as number)).toEqual([128, 128, 128]);
    expect(rgb(table[1255] as number)).toEqual([0, 0, 0]);
    expect(new Set(table.slice(1000, 1256)).size).toBe(256);
  });

  it('clips outside the window and never colours a hole', async () => {
    const table = depthTable(WINDOW, await coloursOf('turbo'));
    expect(table[1]).toBe(table[1000]);
    expect(table[65535]).toBe(table[1255]);
    expect([table[1000], table[1255]]).not.toContain(table[0]);
  });

  it('takes viridis as matplotlib has it', () => {
    const table = depthTable(WINDOW, VIRIDIS);
    expect(rgb(table[1255] as number)).toEqual([68, 1, 84]);
    expect(rgb(table[1000] as number)).toEqual([253, 231, 37]);
  });

  it('is opaque everywhere', async () => {
    for (const map of COLOUR_MAPS) {
      expect(depthTable(WINDOW, await coloursOf(map)).every((word) => word >>> 24 === 255)).toBe(true);
    }
  });
});

describe('paintDepth', () => {
  it('writes one word per value', () => {
    const depth: Depth = { width: 2, height: 1, values_mm: new Uint16Array([0, 1100]) };
    const rgba = new Uint32Array(2);
    const table = depthTable(WINDOW, 'gray');
    paintDepth(depth, table, rgba);
    expect([...rgba]).toEqual([table[0], table[1100]]);
    expect(() => paintDepth(depth, table, new Uint32Array(3))).toThrow('size');
  });
});

describe('windows', () => {
  it('finds the back in the middle of the picture and ignores holes and the wall', () => {
    const values_mm = new Uint16Array(40 * 40).fill(2400);
    for (let row = 10; row < 30; row += 1) {
      for (let column = 10; column < 30; column += 1) {
        values_mm[row * 40 + column] = (row + column) % 7 === 0 ? 0 : 1000 + (row - 10) * 5;
      }
    }
    const window = backWindow({ width: 40, height: 40, values_mm });
    expect(window.near_mm).toBe(1000);
    expect(window.far_mm).toBe(1095);
    expect(backWindow({ width: 40, height: 40, values_mm }, 60)).toEqual({ near_mm: 1000, far_mm: 1060 });
  });

  it('has an answer for a picture of holes only', () => {
    expect(backWindow({ width: 4, height: 4, values_mm: new Uint16Array(16) })).toEqual({
      near_mm: 500,
      far_mm: 2500,
    });
  });

  it('widens across, moves down, and never closes', () => {
    const wide = draggedWindow(WINDOW, 200, 0);
    expect(wide.far_mm - wide.near_mm).toBe(693);
    expect(draggedWindow(WINDOW, 0, 300)).toEqual({ near_mm: 1255, far_mm: 1510 });
    const closed = draggedWindow(WINDOW, -5000, 0);
    expect(closed.far_mm - closed.near_mm).toBeGreaterThanOrEqual(4);
  });
});
