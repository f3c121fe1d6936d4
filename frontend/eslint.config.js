import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import { layers } from './lint/layers.js';
import svelteConfig from './svelte.config.js';

/** The core is arithmetic and state: it must run in a worker, in a test, anywhere. */
const NOT_IN_CORE = ['window', 'document', 'navigator', 'location', 'fetch', 'localStorage', 'indexedDB'];

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    plugins: { layers },
    rules: {
      'layers/order': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'svelte/no-at-html-tags': 'error',
      // Django owns the addresses: there is no client router to resolve them.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  {
    files: ['src/core/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...NOT_IN_CORE.map((name) => ({ name, message: 'core never touches the DOM or fetches.' })),
      ],
    },
  },
  {
    // Pixel loops: the bound of the loop is the bound of the array.
    files: ['src/core/**/*.ts', 'src/lib/viewer/**', '**/*.test.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['*.config.{js,ts}', 'lint/**', 'tests/**', '**/*.test.ts', 'dev/*.ts'],
    languageOptions: { globals: globals.node },
  },
);
