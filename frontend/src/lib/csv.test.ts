import { expect, it } from 'vitest';
import { csv } from './csv';

it('quotes what needs it and ends lines as RFC 4180 does', () => {
  expect(
    csv(
      ['a', 'b'],
      [
        ['x, "y"', 1.5],
        [null, 'two\nlines'],
      ],
    ),
  ).toBe('a,b\r\n"x, ""y""",1.5\r\n,"two\nlines"\r\n');
});

it('takes the formula out of text, not the sign out of numbers', () => {
  expect(csv(['a', 'b'], [['=HYPERLINK("x")', -4.5]])).toBe(`a,b\r\n"'=HYPERLINK(""x"")",-4.5\r\n`);
});
