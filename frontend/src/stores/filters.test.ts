import { describe, expect, it } from 'vitest';
import {
  choice,
  dayProblem,
  isoDate,
  nextOrdering,
  positive,
  readFilters,
  sortState,
  text,
  writeFilters,
} from './filters';

const SPEC = {
  q: text(),
  has: choice(['rgbd', 'radiograph']),
  visit_after: isoDate(),
  ordering: choice(['visit_date', '-visit_date'], '-visit_date'),
  page: positive(1),
  page_size: positive(50, 200),
};
const PLAIN = { q: '', has: '', visit_after: '', ordering: '-visit_date', page: 1, page_size: 50 } as const;

describe('filters in the address', () => {
  it('reads the plain list from a plain address, and writes it back as one', () => {
    expect(readFilters(SPEC, '')).toEqual(PLAIN);
    expect(writeFilters(SPEC, PLAIN)).toBe('');
  });

  it('gives back what it wrote', () => {
    const values = { ...PLAIN, q: 'S-01 & co', has: 'rgbd', visit_after: '2025-02-28', page: 3 } as const;
    expect(readFilters(SPEC, writeFilters(SPEC, values))).toEqual(values);
  });

  it.each([
    ['?has=everything', 'has', ''],
    ['?visit_after=28.02.2025', 'visit_after', ''],
    ['?visit_after=2025-13-01', 'visit_after', ''],
    ['?visit_after=2025-02-30', 'visit_after', ''],
    ['?page=0', 'page', 1],
    ['?page=-2', 'page', 1],
    ['?page=2.5', 'page', 1],
    ['?page_size=100000', 'page_size', 50],
    ['?ordering=password', 'ordering', '-visit_date'],
  ] as const)('drops what is not valid: %s', (search, key, value) => {
    expect(readFilters(SPEC, search)[key]).toBe(value);
  });

  it('keeps out of the address what the list does not know', () => {
    expect(writeFilters(SPEC, readFilters(SPEC, '?q=a&tracking=1'))).toBe('?q=a');
  });
});

describe('sorting by a column', () => {
  it('begins with the natural direction and then turns round', () => {
    expect(nextOrdering('-visit_date', 'subject')).toBe('subject');
    expect(nextOrdering('subject', 'subject')).toBe('-subject');
    expect(nextOrdering('-subject', 'subject')).toBe('subject');
    expect(nextOrdering('subject', 'visit_date', true)).toBe('-visit_date');
    expect(nextOrdering('-visit_date', 'visit_date', true)).toBe('visit_date');
  });

  it('says what aria-sort says', () => {
    expect(sortState('-subject', 'subject')).toBe('descending');
    expect(sortState('subject', 'subject')).toBe('ascending');
    expect(sortState('subject', 'visit_date')).toBe('none');
  });
});

it('tells a day that is not on the calendar from one that is written otherwise', () => {
  expect(dayProblem('2026-02-30')).toBe('There is no such day.');
  expect(dayProblem('31.1.2026')).toBe('Write it like 2026-01-31.');
});
