import { expect, it } from 'vitest';
import { destination } from './destination';

const HERE = 'https://lab.example';

it('goes where the person was heading', () => {
  expect(destination('/studies/?q=S-01', HERE)).toBe('/studies/?q=S-01');
});

it.each([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example',
  'javascript:alert(1)',
  '',
  null,
  '/login/?next=/',
])('never leaves the site or comes back here: %s', (next) => expect(destination(next, HERE)).toBe('/'));
