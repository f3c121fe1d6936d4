import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { actionTitle, targetTitle } from './actions';

/** Every code that the server's actions write into the audit. */
function codes(): string[] {
  const found = ['../annotation/actions', '../inference/actions'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.py'))
      .flatMap((name) => [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/action ?= ?"([a-z_.]+)"/g)])
      .map(([, code]) => code ?? ''),
  );
  return [...new Set(found)];
}

it('has words for every code of the audit', () => {
  expect(codes().length).toBeGreaterThan(30);
  expect(codes().filter((code) => actionTitle(code) === code)).toEqual([]);
});

it('shows a code that it does not know as it is', () => {
  expect(actionTitle('comet.seen')).toBe('comet.seen');
  expect(targetTitle('landmarkset')).toBe('landmark set');
  expect(targetTitle('study')).toBe('study');
});
