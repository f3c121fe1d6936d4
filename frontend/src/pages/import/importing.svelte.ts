import { errorFromThrown } from '@/api/errors';
import { answerOf, firstDraft, missing, waits, withAnswer, withPattern, type Draft } from './answers';
import type { NamedFile } from './dropped';
import { suggestPattern, tellsApart } from './pattern';
import { sha256Of, UploadQueue, waitForNetwork, type Upload } from './queue';
import { imports, type Import, type ImportItem, type OpenImport } from './requests';
import { rowsOf, withFiles, withMemory, type Row } from './rows';

/** Acquisitions stored per request: a few seconds each, so that the bar moves. */
const CONFIRMED_AT_ONCE = 8;
const PAUSE_MS = 700;

/** One person's import, from the first file to the last study. */
export class Importing {
  readonly project: string;
  batch = $state.raw<Import | null>(null);
  uploads = $state<Upload[]>([]);
  drafts = $state<Record<string, Draft>>({});
  pattern = $state('');
  openOnes = $state.raw<OpenImport[]>([]);
  sending = $state(false);
  looking = $state(false);
  storing = $state<{ done: number; total: number } | null>(null);
  problem = $state('');

  readonly items = $derived(this.batch?.items ?? []);
  readonly leads = $derived(this.items.filter((item) => item.role === 'lead'));
  readonly waiting = $derived(this.leads.filter(waits));
  readonly complete = $derived(
    this.waiting.filter((item) => missing(item, this.drafts[item.id] ?? firstDraft(item, '')).length === 0),
  );
  readonly imported = $derived(this.leads.filter(({ state }) => state === 'imported'));
  readonly busy = $derived(this.sending || this.looking || this.storing !== null);
  /** Whatever could be stored is. */
  readonly done = $derived(this.imported.length > 0 && this.waiting.length === 0 && !this.busy);
  readonly bytes = $derived({
    sent: this.uploads.reduce((sum, { sent }) => sum + sent, 0),
    all: this.uploads.reduce((sum, { file, state }) => sum + (state === 'failed' ? 0 : file.size), 0),
  });
  readonly checked = $derived(
    this.leads.filter((item) => item.state !== 'uploading' && !isPending(item)).length,
  );
  readonly rows = $derived(rowsOf(this.items, this.uploads));
  /** Files an earlier visit announced and never sent whole: they have to be chosen once more. */
  readonly unfinished = $derived(
    this.items.filter(
      (item) => item.state === 'uploading' && !this.uploads.some(({ name }) => name === item.name),
    ),
  );
  #queue: UploadQueue | null = null;
  #more = false;
  /** Whether the suggested pattern may fill the subjects without being asked for. */
  #sure = true;

  constructor(project: string) {
    this.project = project;
  }

  async findOpenOnes(): Promise<void> {
    this.openOnes = (await this.#attempt(() => imports.openOnes(this.project))) ?? [];
  }

  async resume(id: string): Promise<void> {
    const batch = await this.#attempt(() => imports.get(id));
    if (!batch) return;
    this.openOnes = [];
    this.#suggest(batch.items.map(({ name }) => name));
    this.#take(batch);
    await this.#look();
  }

  async discardOpen(id: string): Promise<void> {
    await this.#attempt(() => imports.discard(id));
    await this.findOpenOnes();
  }

  /** More files: announced, sent and looked at; those of an interrupted import go on where they stopped. */
  async add(files: readonly NamedFile[]): Promise<void> {
    const next = withFiles(this.uploads, files);
    if (!next.some(({ state }) => state === 'waiting')) return;
    this.batch ??= (await this.#attempt(() => imports.open(this.project))) ?? null;
    if (this.batch === null) return;
    this.uploads = next;
    const names = [...this.items, ...next].map(({ name }) => name);
    this.#suggest(names.filter((name, at) => names.indexOf(name) === at));
    await this.#send(this.batch.id);
  }

  #suggest(names: string[]): void {
    this.pattern ||= suggestPattern(names);
    this.#sure = tellsApart(this.pattern, names);
  }

  async remove(row: Row): Promise<void> {
    const { batch } = this;
    const parts = [row.name, ...row.parts];
    for (const item of this.items.filter(({ name }) => parts.includes(name))) {
      if (batch) await this.#attempt(() => imports.remove(batch.id, item.id));
    }
    this.uploads = this.uploads.filter(({ name }) => !parts.includes(name));
    if (batch) await this.resume(batch.id);
  }

  async discard(): Promise<void> {
    this.#queue?.stop();
    const { batch } = this;
    if (batch) await this.#attempt(() => imports.discard(batch.id));
    this.#forget();
  }

  /** Begin again, with what was stored left where it is. */
  async startOver(): Promise<void> {
    if (this.batch?.state === 'open') await this.discard();
    this.#forget();
  }

  #forget(): void {
    this.batch = null;
    this.uploads = [];
    this.drafts = {};
    this.pattern = '';
  }

  applyPattern(pattern: string): void {
    this.pattern = pattern;
    for (const item of this.waiting) {
      const draft = this.drafts[item.id];
      if (draft) this.drafts[item.id] = withPattern(draft, item, pattern);
    }
  }

  answerAll(changes: Partial<Draft>): void {
    for (const item of this.waiting) {
      const draft = this.drafts[item.id];
      if (draft) Object.assign(draft, withAnswer(draft, item, changes));
    }
  }

  /** Store what is answered, a few at a time; what is refused says so in its row. */
  async confirm(): Promise<void> {
    const { batch } = this;
    if (batch === null || this.storing) return;
    const ready = this.complete.map((item) => answerOf(item, this.drafts[item.id] ?? firstDraft(item, '')));
    this.storing = { done: 0, total: ready.length };
    for (let start = 0; start < ready.length; start += CONFIRMED_AT_ONCE) {
      const some = ready.slice(start, start + CONFIRMED_AT_ONCE);
      const answered = await this.#attempt(() => imports.confirm(batch.id, some));
      const now = answered ?? (await this.#attempt(() => imports.get(batch.id)));
      if (!now) break;
      this.#take(now);
      this.storing = { done: Math.min(start + CONFIRMED_AT_ONCE, ready.length), total: ready.length };
    }
    this.storing = null;
  }

  async #send(id: string): Promise<void> {
    const transport = {
      announce: (file: { name: string; size: number; sha256?: string }) => imports.announce(id, file),
      send: (item: string, offset: number, chunk: Blob, signal: AbortSignal) =>
        imports.send(id, item, offset, chunk, signal),
      wait: waitForNetwork,
      hash: sha256Of,
    };
    this.sending = true;
    this.#queue = new UploadQueue(this.uploads, transport);
    const sent = this.#queue.run();
    void this.#look();
    await sent;
    this.sending = false;
    await this.#look();
  }

  /** Ask the server to look at what is there until it has seen everything. One loop at a time. */
  async #look(): Promise<void> {
    const { batch } = this;
    // A loop that is at work sees the new files, but only if it goes round once more.
    this.#more = true;
    if (batch === null || this.looking) return;
    this.looking = true;
    try {
      do {
        const seen = this.#seen();
        this.#more = false;
        const now = await this.#attempt(() => imports.inspect(batch.id));
        if (!now || this.batch?.id !== batch.id) return;
        this.#take(now);
        if (this.#seen() === seen) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      } while (this.sending || this.#more || this.leads.some(isPending));
    } finally {
      this.looking = false;
    }
  }

  #seen(): number {
    return this.leads.filter((item) => !isPending(item)).length;
  }

  #take(batch: Import): void {
    this.batch = { ...batch, items: withMemory(batch.items, this.items) };
    for (const item of batch.items) {
      if (waits(item)) this.drafts[item.id] ??= firstDraft(item, this.#sure ? this.pattern : '');
    }
  }

  /** The answer, or nothing: then `problem` says why. */
  async #attempt<Data>(act: () => Promise<Data>): Promise<Data | undefined> {
    try {
      const data = await act();
      this.problem = '';
      return data;
    } catch (thrown) {
      this.problem = errorFromThrown(thrown).message;
      return undefined;
    }
  }
}

/** All its bytes are here, or on their way, and nobody has looked at it yet. */
function isPending(item: ImportItem): boolean {
  return item.state === 'checking' && item.problem === '';
}
