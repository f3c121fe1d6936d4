import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const PAGES_DIR = resolve(import.meta.dirname, 'src/pages');
/** Where Django answers in development; Vite serves its own files and hands everything else on. */
const DJANGO = process.env.SPINEWEB_DEV_BACKEND ?? 'http://127.0.0.1:8000';
/** What Vite answers itself: built paths (`/static/src`, `/static/@vite`, ...) and the component gallery. */
const NOT_VITE = String.raw`^/(?!static/(src|@|node_modules|dev|favicon|error)|@)`;

/** One entry per page folder that has a main.ts: Django renders the shell, the entry mounts its root. */
function pageEntries(): Record<string, string> {
  const pages = readdirSync(PAGES_DIR, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => [entry.name, resolve(PAGES_DIR, entry.name, 'main.ts')] as const)
    .filter(([, path]) => existsSync(path));
  return Object.fromEntries(pages);
}

/**
 * A few shared files instead of forty: the framework, what every page needs, what paper pages need, the icons.
 * Each is fetched once and kept for all pages.
 */
const SHARED = [
  { name: 'framework', test: /node_modules[\\/](svelte|esm-env|clsx)[\\/]/, priority: 30 },
  {
    name: 'shell',
    test: /src[\\/](lib[\\/](mount|lazy|Overlays|Glyph)|core[\\/]calibration|stores[\\/](session|toasts)|api[\\/](client|errors|people)|styles)/,
    priority: 20,
  },
  // Only for the 3D view, and only once it is asked for.
  { name: 'three', test: /node_modules[\\/]three[\\/]/, priority: 30 },
  { name: 'button', test: /src[\\/]lib[\\/](Button|Spinner)/, priority: 20 },
  // What asks for the password again: every page may need it, no page begins with it.
  { name: 'dialog', test: /src[\\/]lib[\\/](Dialog|Field|SignInAgain)/, priority: 20 },
  { name: 'icons', test: /@lucide/, minShareCount: 2, priority: 25 },
  { name: 'paper', test: /src[\\/](lib|stores)[\\/][^\\/]+$/, minShareCount: 4, priority: 10 },
];

export default defineConfig(({ command, mode }) => ({
  base: '/static/',
  plugins: [svelte()],
  resolve: {
    alias: { '@': resolve(import.meta.dirname, 'src') },
    // Component tests mount the browser build of Svelte, not the one that renders on a server.
    ...(mode === 'test' ? { conditions: ['browser'] } : {}),
  },
  build: {
    outDir: 'dist',
    manifest: 'manifest.json',
    target: 'es2022',
    // The content security policy allows files of our own origin only: no data: URLs, no inline polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: command === 'build' ? pageEntries() : {},
      output: { codeSplitting: { groups: SHARED } },
    },
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { [NOT_VITE]: { target: DJANGO, ws: true } },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    restoreMocks: true,
  },
}));
