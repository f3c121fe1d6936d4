import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(resolve(process.cwd(), 'src/styles/tokens.css'), 'utf8');

function colours(block: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const match of block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)) found[match[1] ?? ''] = match[2] ?? '';
  return found;
}

function between(start: string): string {
  const from = css.indexOf(start);
  expect(from, `tokens.css has ${start}`).toBeGreaterThan(-1);
  return css.slice(from, css.indexOf('--scrim', from));
}

/** Relative luminance and contrast ratio as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const themes = {
  'paper light': colours(between(':root {')),
  'paper dark': colours(between('@media screen and (prefers-color-scheme: dark)')),
  'reading room': colours(between("[data-surface='reading']")),
};

const SURFACES = ['paper', 'sheet', 'sunken'];
const TEXT = ['ink', 'ink-2', 'ink-3', 'teal', 'amber', 'red', 'violet', 'side-left', 'side-right'];
const ON_SOFT = ['teal', 'amber', 'red', 'violet'];

describe.each(Object.entries(themes))('%s', (_name, token) => {
  const ratio = (front: string, back: string) => contrast(token[front] ?? '', token[back] ?? '');

  it.each(SURFACES)('text reads on %s', (surface) => {
    for (const text of TEXT)
      expect(ratio(text, surface), `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
  });

  it('badges read on their own soft ground, and body text does too', () => {
    for (const name of ON_SOFT) {
      expect(ratio(name, `${name}-soft`), name).toBeGreaterThanOrEqual(4.5);
      expect(ratio('ink', `${name}-soft`), `ink on ${name}-soft`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('filled buttons read, and the edges of controls can be seen', () => {
    expect(ratio('on-teal', 'teal')).toBeGreaterThanOrEqual(4.5);
    expect(ratio('on-teal', 'teal-strong')).toBeGreaterThanOrEqual(4.5);
    expect(ratio('on-red', 'red')).toBeGreaterThanOrEqual(4.5);
    for (const surface of SURFACES) expect(ratio('edge', surface), surface).toBeGreaterThanOrEqual(3);
  });
});

it('knows the contrast of black on white', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});
