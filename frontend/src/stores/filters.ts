/**
 * Filters as text in the address and back: the query string IS the state of a list, so a link shares the view.
 *
 * A spec names every filter of a page. Reading drops what the spec does not know and what has no valid value;
 * writing leaves out what equals its default, so that the plain list has a plain address.
 */
export interface Filter<Value> {
  readonly fallback: Value;
  /** The value in the address, or undefined where the text is not valid. */
  read(text: string): Value | undefined;
  write(value: Value): string;
}

export type Values<S> = { [Key in keyof S]: S[Key] extends Filter<infer Value> ? Value : never };

export function text(fallback = ''): Filter<string> {
  return { fallback, read: (raw) => raw.trim(), write: (value) => value.trim() };
}

export function choice<const Option extends string>(
  options: readonly Option[],
  fallback: Option | '' = '',
): Filter<Option | ''> {
  return {
    fallback,
    read: (raw) => options.find((option) => option === raw),
    write: (value) => value,
  };
}

/** Whether the text is a day of the calendar; `Date.parse` alone takes the 30th of February. */
function isDay(raw: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(raw) ? Date.parse(raw) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(raw);
}

/** What to say of a text that is no day. */
export function dayProblem(raw: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(raw) ? 'There is no such day.' : 'Write it like 2026-01-31.';
}

export function isoDate(): Filter<string> {
  return {
    fallback: '',
    read: (raw) => (isDay(raw) ? raw : undefined),
    write: (value) => value,
  };
}

export function positive(fallback: number, max = Number.MAX_SAFE_INTEGER): Filter<number> {
  return {
    fallback,
    read: (raw) => {
      const value = Number(raw);
      return /^\d+$/.test(raw) && value >= 1 && value <= max ? value : undefined;
    },
    write: String,
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnySpec = Record<string, Filter<any>>;

export function readFilters<S extends AnySpec>(spec: S, search: string): Values<S> {
  const params = new URLSearchParams(search);
  const values = Object.entries(spec).map(([key, filter]) => {
    const raw = params.get(key);
    return [key, raw === null ? filter.fallback : (filter.read(raw) ?? filter.fallback)];
  });
  return Object.fromEntries(values) as Values<S>;
}

/** The query string with its `?`, or nothing at all for the plain list. */
export function writeFilters<S extends AnySpec>(spec: S, values: Values<S>): string {
  const params = new URLSearchParams();
  for (const [key, filter] of Object.entries(spec)) {
    const value: unknown = values[key as keyof S];
    if (value !== filter.fallback) params.set(key, filter.write(value));
  }
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}

/** The next `ordering` when a column's head is pressed: first its natural direction, then the other one. */
export function nextOrdering(current: string, field: string, firstDescending = false): string {
  const natural = firstDescending ? `-${field}` : field;
  const other = firstDescending ? field : `-${field}`;
  return current === natural ? other : natural;
}

export function sortState(current: string, field: string): 'ascending' | 'descending' | 'none' {
  if (current === field) return 'ascending';
  return current === `-${field}` ? 'descending' : 'none';
}
