import { expect, it } from 'vitest';
import { quantityText, sideInWords } from './quantities';

const quantity = (name: string, value: number, unit = 'deg') => ({
  name,
  title: name,
  value,
  unit,
  note: '',
});

it('writes a quantity with a true minus and its unit', () => {
  expect(quantityText(quantity('t1_tilt', -0.44))).toBe('−0.4°');
  expect(quantityText(quantity('t1_tilt', -0.04))).toBe('0.0°');
  expect(quantityText(quantity('coronal_balance', 3.31, 'mm'))).toBe('3.3\u00a0mm');
});

it.each([
  ['t1_tilt', -0.4, 'right higher'],
  ['t1_tilt', 0.4, 'left higher'],
  ['scapula_height', 1.4, 'left higher'],
  ['shoulder_angle', -2.6, 'right higher'],
  ['pelvic_obliquity', -6.6, 'right higher'],
  ['coronal_balance', -3.3, 'C7 to the left'],
  ['coronal_balance', 3.3, 'C7 to the right'],
  ['height_scapula', 0.6, ''],
  ['landmark_asymmetry', 49.2, ''],
  ['t1_tilt', -0.01, ''],
])('says in words what the sign of %s %d means', (name, value, words) => {
  expect(sideInWords(quantity(name, value))).toBe(words);
});
