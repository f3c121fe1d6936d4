/** Files a person chose or dropped, named with the folders they lay in. */
export interface NamedFile {
  name: string;
  file: File;
}

const JUNK = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;

/** Without what operating systems leave in folders, in the order of their names. */
export function wanted(files: readonly NamedFile[]): NamedFile[] {
  return files
    .filter(({ name }) => !JUNK.test(name))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** The files of an input, each with its path inside the chosen folder where there is one. */
export function fromInput(list: FileList | null): NamedFile[] {
  return wanted([...(list ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
}

/** All files of what was dropped, folders walked to their ends. */
export async function fromDrop(transfer: DataTransfer): Promise<NamedFile[]> {
  // The entries must be taken before the first await: the browser empties the list after the event.
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const found: NamedFile[] = [];
  for (const entry of entries) await walk(entry, found);
  return wanted(found);
}

async function walk(entry: FileSystemEntry, found: NamedFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    found.push({ name: entry.fullPath.replace(/^\//, ''), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A browser hands out a folder in portions of a hundred until an empty one.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (portion.length === 0) return;
    for (const inner of portion) await walk(inner, found);
  }
}
