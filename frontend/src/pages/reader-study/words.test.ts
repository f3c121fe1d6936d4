import { expect, test } from 'vitest';
import { estimate, percent, taken } from './words';

test('an estimate is written with its limits where they are known', () => {
  expect(estimate({ value: 0.893, lower: 0.812, upper: 0.94 })).toBe('0.89 (0.81 to 0.94)');
  expect(estimate({ value: -2.14, lower: -3, upper: 1.26 }, 1, '°')).toBe('−2.1° (−3.0° to 1.3°)');
  expect(estimate({ value: 1.5, lower: null, upper: null }, 1, '°')).toBe('1.5°');
  expect(estimate(null)).toBe('–');
});

test('a share is written in per cent', () => {
  expect(percent({ value: 5 / 6, lower: 0.436, upper: 0.97 })).toBe('83 % (44 to 97)');
  expect(percent({ value: 0.5, lower: null, upper: null })).toBe('50 %');
  expect(percent(null)).toBe('–');
});

test('a time is written in words', () => {
  expect(taken(75.4)).toBe('1 min 15 s');
  expect(taken(null)).toBe('–');
});
