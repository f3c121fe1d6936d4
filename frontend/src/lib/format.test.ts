import { expect, it } from 'vitest';
import { count, counted, curveName, date, degrees, duration, fileSize, moment, NONE } from './format';

it('writes numbers with their unit and never a bare null', () => {
  expect(degrees(32.44)).toBe('32.4°');
  expect(degrees(null)).toBe(NONE);
  expect(count(10000)).toBe('10,000');
  expect(counted(1, 'study', 'studies')).toBe('1 study');
  expect(counted(0, 'study', 'studies')).toBe('0 studies');
});

it('writes dates and times in ISO order', () => {
  expect(date('2025-02-03')).toBe('2025-02-03');
  expect(date(null)).toBe(NONE);
  expect(moment('2026-11-21T04:05:06')).toBe('2026-11-21 04:05');
  expect(moment('not a time')).toBe('not a time');
});

it('names a curve by what is known of it', () => {
  expect(curveName({ upper_level: 'T6', lower_level: 'T12', side: 'right', region: 'MT' })).toBe(
    'T6–T12, right, MT',
  );
  expect(curveName({ upper_level: 'T6', lower_level: 'T12', side: '', region: '' })).toBe('T6–T12');
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [8_388_608, '8.4 MB'],
  [2_000_000_000, '2.0 GB'],
])('writes %i bytes as %s', (bytes, text) => expect(fileSize(bytes)).toBe(text));

it.each([
  [0, '0 s'],
  [59.6, '1 min 0 s'],
  [200, '3 min 20 s'],
  [7500, '2 h 5 min'],
])('writes %f s as %s', (seconds, text) => expect(duration(seconds)).toBe(text));
