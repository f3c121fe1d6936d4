/**
 * Landmark sets that the server does not have yet, in IndexedDB: ids, names of points and coordinates only.
 *
 * Each tab writes its own records, so two tabs never overwrite each other's. A record whose tab is gone (no lock is
 * held for it) is taken up by the next page of the same person.
 */
import type { Pending, PendingStore } from '@/core/saver';

export interface CaseKey {
  /** The person's id: nobody saves another's work under their own name. */
  readonly user: string;
  readonly image: string;
  readonly schema: string;
}

interface PendingRecord extends CaseKey {
  readonly id: string;
  readonly tab: string;
  readonly pending: Pending;
}

const STORE = 'pending';
let opening: Promise<IDBDatabase> | null = null;

/** A UUID also where the page came over plain HTTP, which has no `crypto.randomUUID`. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const variant = '89ab'[(bytes[8] ?? 0) & 3] ?? '8';
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const TAB = newId();
// Held until the page is gone; whoever finds records of this tab can see that it still lives.
void (navigator.locks as LockManager | undefined)?.request(
  lockOf(TAB),
  () => new Promise<never>(() => undefined),
);

export function pendingStore(key: CaseKey): PendingStore {
  const id = [key.user, key.image, key.schema, TAB].join('/');
  return {
    put: (pending) => write((store) => store.put({ ...key, id, tab: TAB, pending: plain(pending) })),
    remove: () => write((store) => store.delete(id)),
  };
}

/** What this person's closed pages left, oldest first; each record is handed out once and then belongs to this tab. */
export async function takeAbandoned(user: string): Promise<(CaseKey & { pending: Pending })[]> {
  const locks = navigator.locks as LockManager | undefined;
  return locks === undefined ? take(user) : locks.request('spineweb-take', () => take(user));
}

async function take(user: string): Promise<(CaseKey & { pending: Pending })[]> {
  // Over plain HTTP there are no locks: a living tab's record may then be saved twice, never lost.
  const locks = navigator.locks as LockManager | undefined;
  const held = (await locks?.query())?.held ?? [];
  const alive = new Set(held.map(({ name }) => name));
  const records = await readAll();
  const left = records.filter((record) => record.user === user && !alive.has(lockOf(record.tab)));
  left.sort((a, b) => a.pending.changed_ms - b.pending.changed_ms);
  for (const { id, ...record } of left) {
    await pendingStore(record).put(record.pending);
    await write((store) => store.delete(id));
  }
  return left;
}

function lockOf(tab: string): string {
  return `spineweb-tab-${tab}`;
}

/** IndexedDB cannot copy a reactive proxy. */
function plain(pending: Pending): Pending {
  return JSON.parse(JSON.stringify(pending)) as Pending;
}

function open(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('spineweb', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no local database'));
  });
  return opening;
}

async function write(act: (store: IDBObjectStore) => IDBRequest): Promise<void> {
  const transaction = (await open()).transaction(STORE, 'readwrite', { durability: 'relaxed' });
  act(transaction.objectStore(STORE));
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error ?? new Error('the local copy was not written'));
    transaction.onabort = () => reject(transaction.error ?? new Error('the local copy was not written'));
  });
}

async function readAll(): Promise<PendingRecord[]> {
  const store = (await open()).transaction(STORE, 'readonly').objectStore(STORE);
  const request = store.getAll() as IDBRequest<PendingRecord[]>;
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the local copy cannot be read'));
  });
}
