/**
 * Reading a subject and a date from the names people give to files and folders.
 *
 * A pattern is the end of a path without its extension: `{subject}` and `{date}` stand for what they say, `*` for
 * anything within one folder's or file's name. `{subject}/{date}/*` reads SW-012/2026-03-31/colour.jpg.
 */
export interface Reading {
  subject: string;
  /** ISO date, or empty. */
  date: string;
}

export const PATTERNS: readonly { pattern: string; title: string }[] = [
  { pattern: '{subject}/*', title: 'The folder is the subject' },
  { pattern: '{subject}/{date}/*', title: 'Subject folder, date folder' },
  { pattern: '{subject}', title: 'The file name is the subject' },
  { pattern: '{subject}_*', title: 'Subject, underscore, anything' },
  { pattern: '{subject}_{date}*', title: 'Subject, underscore, date' },
];

const DATE = String.raw`(?<date>\d{4}[-_.]?\d{2}[-_.]?\d{2})`;
const SUBJECT = '(?<subject>[^/]+?)';

/** What is wrong with a pattern, in one sentence; null where nothing is. */
export function patternProblem(pattern: string): string | null {
  if (pattern.trim() === '') return null;
  const names = [...pattern.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '');
  const unknown = names.find((name) => name !== 'subject' && name !== 'date');
  if (unknown !== undefined) return `{${unknown}} is not known; use {subject} and {date}.`;
  if (new Set(names).size < names.length) return 'Use {subject} and {date} once each.';
  if (!names.includes('subject')) return 'The pattern needs {subject}.';
  return null;
}

function expression(pattern: string): RegExp {
  const source = pattern
    .trim()
    .replace(/^\/+|\/+$/g, '')
    .split(/(\{subject\}|\{date\}|\*)/)
    .map((part) => {
      if (part === '{subject}') return SUBJECT;
      if (part === '{date}') return DATE;
      if (part === '*') return '[^/]*';
      return part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    })
    .join('');
  return new RegExp(`(?:^|/)${source}$`);
}

/** The date as ISO, or an empty text where there is no such day. */
function isoDate(text: string): string {
  const digits = text.replace(/\D/g, '');
  if (digits.length !== 8) return '';
  const iso = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
  const day = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(iso) ? iso : '';
}

/** What the pattern reads in a path; both empty where it does not fit. */
export function readName(pattern: string, path: string): Reading {
  if (pattern.trim() === '' || patternProblem(pattern) !== null) return { subject: '', date: '' };
  const stem = path.replace(/\.[^./]*$/, '');
  const groups = expression(pattern).exec(stem)?.groups;
  const subject = (groups?.subject ?? '').trim();
  return { subject: subject.length <= 64 ? subject : '', date: isoDate(groups?.date ?? '') };
}

/** The first of the offered patterns that reads a subject in most of the paths; empty where none does. */
export function suggestPattern(paths: readonly string[]): string {
  const fitting = PATTERNS.map(({ pattern }) => {
    const readings = paths.map((path) => readName(pattern, path));
    const dated = pattern.includes('{date}');
    const fits = readings.filter((reading) => reading.subject !== '' && (!dated || reading.date !== ''));
    return { pattern, share: fits.length / Math.max(1, paths.length), dated };
  }).filter(({ share }) => share > 0.5);
  return (fitting.find(({ dated }) => dated) ?? fitting[0])?.pattern ?? '';
}

const BESIDE = /(\.(json|csv|txt)|(^|\/)depth[^/]*)$/i;

/**
 * Whether a pattern may be used without asking: it reads more than one subject, or there is one acquisition only.
 * A folder of films of many children is not one child of the folder's name.
 */
export function tellsApart(pattern: string, paths: readonly string[]): boolean {
  const pictures = paths.filter((path) => !BESIDE.test(path));
  const subjects = new Set(pictures.map((path) => readName(pattern, path).subject).filter(Boolean));
  return subjects.size > 1 || pictures.length <= 1;
}
