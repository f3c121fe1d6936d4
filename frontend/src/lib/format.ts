/** Numbers and times as people read them here: units beside the number, dates ISO, never a bare null. */
export const NONE = '–';

const grouped = new Intl.NumberFormat('en');

export function count(value: number): string {
  return grouped.format(value);
}

/** `1 study`, `12 studies`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function degrees(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : `${value.toFixed(1)}°`;
}

export function date(value: string | null | undefined): string {
  return value ? value.slice(0, 10) : NONE;
}

/** Local time as `2026-11-21 08:05`; the whole ISO time belongs into the element's `datetime`. */
export function moment(value: string | null | undefined): string {
  if (!value) return NONE;
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `T6–T12, right, MT`: where an angle was read, without what is not known. */
export function curveName(curve: {
  upper_level: string;
  lower_level: string;
  side: string;
  region: string;
}): string {
  const levels = [curve.upper_level, curve.lower_level].filter(Boolean).join('–');
  return [levels, curve.side, curve.region].filter(Boolean).join(', ');
}

/** A change in words: smaller than the error of reading, it is no change that could be measured. */
export function change(from_deg: number, to_deg: number, error_deg: number): string {
  const difference = to_deg - from_deg;
  const signed = `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(1)}°`;
  return Math.abs(difference) <= error_deg ? `${signed}, no measurable change` : signed;
}

export function fileSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

/** A duration as `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function nameOf(reference: { name: string } | string | null | undefined): string {
  if (reference === null || reference === undefined || reference === '') return NONE;
  return typeof reference === 'string' ? reference : reference.name;
}

export const IMAGE_KIND: Record<string, string> = {
  colour: 'Colour',
  depth: 'Depth',
  radiograph: 'X-ray',
  synthetic_radiograph: 'Synthetic X-ray',
};

/** A film's sides are a person's word; a picture of the back is never mirrored. */
export function isSideKnown(image: { kind: string; side_confirmed: boolean }): boolean {
  return !image.kind.endsWith('radiograph') || image.side_confirmed;
}

export { CALIBRATION } from '@/core/calibration';

export const ROLE: Record<string, string> = { assistant: 'Assistant', doctor: 'Doctor', admin: 'Admin' };
