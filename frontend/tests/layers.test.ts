import { expect, it } from 'vitest';
import { violation } from '../lint/layers.js';

const SRC = '/x/src';

it.each([
  ['../stores/session', '/x/src/core/a.ts'],
  ['@/api/client', '/x/src/core/spine/a.ts'],
  ['svelte', '/x/src/core/a.ts'],
  ['@/stores/filters', '/x/src/api/a.ts'],
  ['@/lib/format', '/x/src/stores/a.ts'],
  ['../pages/home/Home.svelte', '/x/src/lib/a.ts'],
])('%s must not be imported by %s', (specifier, importer) => {
  expect(violation(specifier, importer, SRC)).not.toBeNull();
});

it.each([
  ['./levels', '/x/src/core/spine/cobb.ts'],
  ['@/core/history', '/x/src/stores/a.ts'],
  ['@/api/types', '/x/src/lib/viewer/A.svelte'],
  ['@/lib/Button.svelte', '/x/src/pages/home/Home.svelte'],
  ['svelte', '/x/src/lib/A.svelte'],
  ['@/lib/format', '/x/tests/a.test.ts'],
])('%s may be imported by %s', (specifier, importer) => {
  expect(violation(specifier, importer, SRC)).toBeNull();
});
