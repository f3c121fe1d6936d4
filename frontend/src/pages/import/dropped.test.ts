import { describe, expect, it } from 'vitest';
import { fromDrop, wanted } from './dropped';

const file = (name: string) => ({ name, file: new File(['x'], name.split('/').at(-1) ?? name) });

function fileEntry(path: string): FileSystemEntry {
  const inner = new File(['x'], path);
  return { isFile: true, fullPath: path, file: (done: (file: File) => void) => done(inner) } as never;
}

function folderEntry(path: string, portions: FileSystemEntry[][]): FileSystemEntry {
  const left = [...portions, []];
  const createReader = () => ({
    readEntries: (done: (entries: FileSystemEntry[]) => void) => done(left.shift() ?? []),
  });
  return { isFile: false, fullPath: path, createReader } as never;
}

describe('wanted', () => {
  it('leaves out what systems put into folders and sorts as people count', () => {
    const names = [
      'b/.DS_Store',
      '__MACOSX/x.png',
      'a/film10.png',
      'a/film9.png',
      'a/Thumbs.db',
      '.hidden/x.png',
    ];
    expect(wanted(names.map(file)).map(({ name }) => name)).toEqual(['a/film9.png', 'a/film10.png']);
  });
});

describe('fromDrop', () => {
  it('walks folders to their ends, in portions', async () => {
    const many = Array.from({ length: 150 }, (_, index) => fileEntry(`/all/sub/${index}.png`));
    const folder = folderEntry('/all', [
      [fileEntry('/all/a.png'), folderEntry('/all/sub', [many.slice(0, 100), many.slice(100)])],
    ]);
    const transfer = { items: [{ webkitGetAsEntry: () => folder }, { webkitGetAsEntry: () => null }] };
    const found = await fromDrop(transfer as never);
    expect(found).toHaveLength(151);
    expect(found[0]?.name).toBe('all/a.png');
    expect(found.at(-1)?.name).toBe('all/sub/149.png');
  });
});
