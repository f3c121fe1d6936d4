import { describe, expect, it } from 'vitest';
import { bandPath, decades, linear, ticks } from './series';

describe('scales', () => {
  it('maps ends to ends', () => {
    const scale = linear([0, 40], [100, 20]);
    expect([scale(0), scale(20), scale(40)]).toEqual([100, 60, 20]);
  });

  it('puts a single value in the middle', () => expect(linear([5, 5], [0, 10])(5)).toBe(5));
});

describe('ticks', () => {
  it.each([
    [34.5, [0, 10, 20, 30, 40]],
    [20, [0, 5, 10, 15, 20]],
    [0.9, [0, 0.5, 1]],
  ])('cover 0 to %f in round steps', (top, expected) => expect(ticks(top)).toEqual(expected));
});

describe('the band', () => {
  const same = (value: number) => value;

  it('runs above and back below the values', () => {
    const samples = [
      { x: 0, y: 20, error: 5 },
      { x: 10, y: 30, error: 5 },
    ];
    expect(bandPath(samples, same, same)).toBe('M0.0 25.0L10.0 35.0L10.0 25.0L0.0 15.0Z');
  });

  it('has a width for one value and never goes below zero', () => {
    expect(bandPath([{ x: 50, y: 3, error: 5 }], same, same, 8)).toBe(
      'M42.0 8.0L58.0 8.0L58.0 0.0L42.0 0.0Z',
    );
  });

  it('is nothing for no values', () => expect(bandPath([], same, same)).toBe(''));
});

describe('decades', () => {
  it.each([
    [0.011, 0.018, [0.01, 0.02]],
    [0.0042, 0.17, [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]],
    [0.2, 0.2, [0.2, 0.5]],
    [3, 900, [2, 5, 10, 20, 50, 100, 200, 500, 1000]],
  ])('enclose %f to %f', (low, high, expected) => expect(decades(low, high)).toEqual(expected));
});
