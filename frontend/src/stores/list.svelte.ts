import { errorFromThrown, isAbort, type ApiError } from '@/api/errors';
import type { Page } from '@/api/types';
import { readFilters, writeFilters, type Filter, type Values } from './filters';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnySpec = Record<string, Filter<any>>;
type Load<Row, S> = (query: Values<S>, signal: AbortSignal) => Promise<Page<Row>>;

const TYPING_PAUSE_MS = 250;
const NOT_NARROWING = ['ordering', 'page', 'page_size'];

/**
 * One list page: its rows, its filters (which are the address), and the one request under way.
 *
 * The first rows come with the page; every change of a filter rewrites the address and fetches. A newer request
 * gives up the older one, so that the rows always belong to the filters on screen.
 */
export class ListState<Row, S extends AnySpec> {
  filters = $state() as Values<S>;
  page = $state() as Page<Row>;
  loading = $state(false);
  error = $state<ApiError | null>(null);
  #spec: S;
  #load: Load<Row, S>;
  #abort: AbortController | null = null;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(spec: S, first: Page<Row>, load: Load<Row, S>) {
    this.#spec = spec;
    this.#load = load;
    this.page = first;
    this.filters = readFilters(spec, location.search);
  }

  get rows(): Row[] {
    return this.page.results;
  }

  /** Whether anything but order and page narrows the list. */
  get filtered(): boolean {
    return Object.entries(this.#spec).some(
      ([key, filter]) => !NOT_NARROWING.includes(key) && this.filters[key] !== filter.fallback,
    );
  }

  /** Changes filters; any of them but the page itself goes back to page 1. */
  set(changes: Partial<Values<S>>): Promise<void> {
    const first = 'page' in this.#spec && !('page' in changes) ? { page: 1 } : {};
    this.filters = { ...this.filters, ...first, ...changes };
    history.replaceState(history.state, '', location.pathname + writeFilters(this.#spec, this.filters));
    return this.reload();
  }

  /** As `set`, once the person has stopped typing. */
  setSoon(changes: Partial<Values<S>>): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.set(changes), TYPING_PAUSE_MS);
  }

  clear(): Promise<void> {
    const kept = ['ordering', 'page_size'];
    const fallbacks = Object.entries(this.#spec).filter(([key]) => !kept.includes(key));
    return this.set(
      Object.fromEntries(fallbacks.map(([key, filter]) => [key, filter.fallback])) as Partial<Values<S>>,
    );
  }

  async reload(): Promise<void> {
    clearTimeout(this.#typing);
    this.#abort?.abort();
    const mine = new AbortController();
    this.#abort = mine;
    this.loading = true;
    try {
      const page = await this.#load(this.filters, mine.signal);
      if (this.#abort !== mine) return;
      this.page = page;
      this.error = null;
    } catch (thrown) {
      if (this.#abort !== mine || isAbort(thrown)) return;
      this.error = errorFromThrown(thrown);
    }
    this.loading = false;
  }
}
