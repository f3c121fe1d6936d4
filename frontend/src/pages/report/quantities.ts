import type { Quantity } from '@/api/types';

/** `−4.3 px`, `5.5°`: with a true minus and its unit. */
export function quantityText({ value, unit }: Quantity): string {
  const size = Math.abs(value).toFixed(1);
  return `${value < 0 && Number(size) !== 0 ? '−' : ''}${size}${unit === 'deg' ? '°' : `\u00a0${unit}`}`;
}

const HIGHER = /^(t1_tilt|pelvic_obliquity|.+_(height|angle))$/;

/** What the sign of a quantity says, as in its note: `right higher`, `C7 to the left`; empty where it has none. */
export function sideInWords({ name, value }: Quantity): string {
  if (Number(Math.abs(value).toFixed(1)) === 0) return '';
  if (HIGHER.test(name)) return value > 0 ? 'left higher' : 'right higher';
  if (name === 'coronal_balance') return value > 0 ? 'C7 to the right' : 'C7 to the left';
  return '';
}
