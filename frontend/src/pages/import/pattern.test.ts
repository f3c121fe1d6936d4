import { describe, expect, it } from 'vitest';
import { patternProblem, readName, suggestPattern, tellsApart } from './pattern';

describe('readName', () => {
  it.each([
    ['{subject}/*', 'lab/SW-012/film.png', 'SW-012', ''],
    ['{subject}/*', 'film.png', '', ''],
    ['{subject}/{date}/*', 'all/SW-012/2026-03-31/colour.jpg', 'SW-012', '2026-03-31'],
    ['{subject}/{date}/*', 'all/SW-012/20260331/colour.jpg', 'SW-012', '2026-03-31'],
    ['{subject}/{date}/*', 'all/SW-012/2026-02-31/colour.jpg', 'SW-012', ''],
    ['{subject}', 'films/A 17.v2.dcm', 'A 17.v2', ''],
    ['{subject}_*', 'K7_pa_standing.tif', 'K7', ''],
    ['{subject}_{date}*', 'K_7_2025.12.01-b.png', 'K_7', '2025-12-01'],
    ['x({subject})', 'x(a+b).png', 'a+b', ''],
    ['', 'a/b.png', '', ''],
    ['{nobody}', 'a/b.png', '', ''],
  ])('%s reads %s', (pattern, path, subject, date) => {
    expect(readName(pattern, path)).toEqual({ subject, date });
  });

  it('gives no subject longer than a pseudonym may be', () => {
    expect(readName('{subject}', `${'a'.repeat(65)}.png`).subject).toBe('');
  });
});

describe('patternProblem', () => {
  it('says what is wrong', () => {
    expect(patternProblem('{subject}/*')).toBeNull();
    expect(patternProblem('')).toBeNull();
    expect(patternProblem('{date}')).toContain('{subject}');
    expect(patternProblem('{name}_{subject}')).toContain('{name}');
    expect(patternProblem('{subject}{subject}')).toContain('once');
  });
});

describe('suggestPattern', () => {
  it('takes the folder before the file name, and a date where there is one', () => {
    expect(suggestPattern(['a/SW-1/film.png', 'a/SW-2/film.png'])).toBe('{subject}/*');
    expect(suggestPattern(['SW-1/2026-01-05/film.png', 'SW-2/2026-01-06/film.png'])).toBe(
      '{subject}/{date}/*',
    );
    expect(suggestPattern(['SW-1.png', 'SW-2.png'])).toBe('{subject}');
    expect(suggestPattern([])).toBe('');
  });
});

describe('tellsApart', () => {
  it('does not make one child of a folder of films', () => {
    expect(tellsApart('{subject}/*', ['new/a.jpg', 'new/b.jpg', 'new/table.csv'])).toBe(false);
    expect(tellsApart('{subject}', ['new/a.jpg', 'new/b.jpg'])).toBe(true);
    expect(tellsApart('{subject}/*', ['SW-1/a.jpg', 'SW-2/a.jpg', 'SW-2/b.jpg'])).toBe(true);
  });

  it('trusts the folder of one acquisition', () => {
    expect(tellsApart('{subject}/*', ['SW-1/colour.png', 'SW-1/depth.png', 'SW-1/camera.json'])).toBe(true);
    expect(tellsApart('', [])).toBe(true);
  });
});
