/**
 * ESLint rule `layers/order`: core <- api <- stores <- lib <- pages.
 *
 * A lower layer that imports a higher one is how import cycles begin; the core besides must run without a browser.
 */
import { dirname, relative, resolve, sep } from 'node:path';

export const LAYERS = ['core', 'api', 'stores', 'lib', 'pages'];

/** The layer of a file under `srcDir`, or null when it lies elsewhere. */
export function layerOf(file, srcDir) {
  const first = relative(srcDir, file).split(sep)[0] ?? '';
  return LAYERS.includes(first) ? first : null;
}

/** The file that an import names, or null for a package. */
export function targetOf(specifier, importer, srcDir) {
  if (specifier.startsWith('@/')) return resolve(srcDir, specifier.slice(2));
  if (specifier.startsWith('.')) return resolve(dirname(importer), specifier);
  return null;
}

/** A sentence that says what is wrong with the import, or null. */
export function violation(specifier, importer, srcDir) {
  const target = targetOf(specifier, importer, srcDir);
  const from = layerOf(importer, srcDir);
  if (from === null) return null;
  if (target === null) {
    return from === 'core' && /^(svelte|@lucide)/.test(specifier)
      ? `core imports no framework: '${specifier}'.`
      : null;
  }
  const to = layerOf(target, srcDir);
  if (to === null) return null;
  if (LAYERS.indexOf(to) > LAYERS.indexOf(from)) {
    return `${from} must not import ${to} (core <- api <- stores <- lib <- pages): '${specifier}'.`;
  }
  return null;
}

function create(context) {
  const srcDir = resolve(context.cwd, 'src');
  const check = (node) => {
    if (typeof node.source?.value !== 'string') return;
    const message = violation(node.source.value, context.filename, srcDir);
    if (message !== null) context.report({ node, message });
  };
  return {
    ImportDeclaration: check,
    ExportNamedDeclaration: check,
    ExportAllDeclaration: check,
    ImportExpression: check,
  };
}

export const layers = {
  rules: { order: { meta: { type: 'problem', schema: [] }, create } },
};
