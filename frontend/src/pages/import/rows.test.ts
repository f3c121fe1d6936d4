import { describe, expect, it } from 'vitest';
import type { Upload } from './queue';
import type { ImportItem } from './requests';
import { rowsOf, withFiles, withMemory } from './rows';

const item = (name: string, changes: Partial<ImportItem> = {}) =>
  ({ id: `id-${name}`, name, role: 'lead', state: 'ready', group: '', ...changes }) as ImportItem;
const upload = (name: string, state: Upload['state'] = 'sent') =>
  ({ name, file: new Blob(['x']), item: null, sent: 0, state, problem: '' }) satisfies Upload;

describe('rowsOf', () => {
  it('shows an acquisition once, with what comes along', () => {
    const items = [
      item('a/colour.jpg', { group: 'a/*' }),
      item('a/depth.png', { group: 'a/*', role: 'part' }),
      item('a/camera.json', { role: 'part' }),
      item('a/labels.json', { role: 'part', state: 'refused' }),
    ];
    const rows = rowsOf(items, [{ ...upload('a/colour.jpg'), item: items[0] ?? null }]);
    expect(rows.map(({ name, parts }) => [name, parts])).toEqual([
      ['a/colour.jpg', ['a/depth.png']],
      ['a/labels.json', []],
    ]);
    expect(rows[0]?.upload?.name).toBe('a/colour.jpg');
  });

  it('shows what the server never took', () => {
    expect(rowsOf([], [upload('empty.png', 'failed')])).toMatchObject([{ name: 'empty.png', item: null }]);
  });
});

describe('rowsOf after storing', () => {
  it('knows a DICOM file by its id when the server has forgotten its name', () => {
    const before = item('Doe_Jane.dcm', { id: '7' });
    const now = item('0a1b2c.dcm', { id: '7', state: 'imported' });
    expect(rowsOf([now], [{ ...upload('Doe_Jane.dcm'), item: before }])).toMatchObject([
      { id: '7', name: 'Doe_Jane.dcm', item: { state: 'imported' } },
    ]);
  });

  it('remembers what was found', () => {
    const before = item('a', { thumbnail: '/t' });
    expect(withMemory([item('a', { thumbnail: null }), item('b')], [before])[0]?.thumbnail).toBe('/t');
  });
});

describe('withFiles', () => {
  const file = (name: string) => ({ name, file: new File(['x'], name) });

  it('adds what is new and tries again what failed', () => {
    const uploads = [upload('a'), upload('b', 'failed')];
    const next = withFiles(uploads, [file('a'), file('b'), file('c')]);
    expect(next.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'sent'],
      ['b', 'waiting'],
      ['c', 'waiting'],
    ]);
  });
});
