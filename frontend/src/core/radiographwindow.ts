/** Brightness, contrast, gamma and inversion of 8-bit pictures, through a table of 256 entries. */

export interface Tone {
  /** Levels 0..255 drawn as black and as white. */
  readonly black: number;
  readonly white: number;
  /** > 1 lightens the middle tones. */
  readonly gamma: number;
  readonly inverted: boolean;
}

export const PLAIN: Tone = { black: 0, white: 255, gamma: 1, inverted: false };

export function toneTable(tone: Tone): Uint8Array {
  const span = Math.max(1, tone.white - tone.black);
  const table = new Uint8Array(256);
  for (let level = 0; level < 256; level += 1) {
    const share = Math.min(1, Math.max(0, (level - tone.black) / span)) ** (1 / tone.gamma);
    table[level] = Math.round(255 * (tone.inverted ? 1 - share : share));
  }
  return table;
}

/** Writes `pixels` (RGBA) through the table into `out`; alpha is kept. */
export function paintTone(pixels: Uint8ClampedArray, table: Uint8Array, out: Uint8ClampedArray): void {
  if (out.length !== pixels.length) throw new RangeError('the two pictures differ in size');
  for (let i = 0; i < pixels.length; i += 4) {
    out[i] = table[pixels[i] as number] as number;
    out[i + 1] = table[pixels[i + 1] as number] as number;
    out[i + 2] = table[pixels[i + 2] as number] as number;
    out[i + 3] = pixels[i + 3] as number;
  }
}

/** The stretch that draws the `low` and `high` shares of the green levels (2-98 %) as black and white. */
export function stretched(pixels: Uint8ClampedArray, low = 0.02, high = 0.98): Tone {
  const counts = new Uint32Array(256);
  for (let i = 1; i < pixels.length; i += 4) tally(counts, pixels[i] as number);
  const total = pixels.length / 4;
  const black = levelAt(counts, low * total);
  return { ...PLAIN, black, white: Math.max(black + 1, levelAt(counts, high * total)) };
}

/** Brightness and contrast as two sliders see them, each -100..100, 0 = as it is. */
export function adjusted(tone: Tone, brightness: number, contrast: number): Tone {
  const middle = (tone.black + tone.white) / 2 - brightness * 1.27;
  const half = ((tone.white - tone.black) / 2) * 2 ** (-contrast / 50);
  return { ...tone, black: middle - half, white: middle + half };
}

function levelAt(counts: Uint32Array, wanted: number): number {
  let seen = 0;
  for (let level = 0; level < 256; level += 1) {
    seen += counts[level] as number;
    if (seen >= wanted) return level;
  }
  return 255;
}

function tally(counts: Uint32Array, value: number): void {
  counts[value] = (counts[value] as number) + 1;
}
