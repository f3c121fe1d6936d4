import type { Direction } from '@/api/types';
import { readName } from './pattern';
import type { Answer, ImportItem, PatientRight } from './requests';

/** What the person says of one acquisition, as the inputs hold it. */
export interface Draft {
  subject: string;
  /** ISO date, or empty. */
  date: string;
  direction: Direction;
  side: PatientRight;
}

export const SIDES: readonly { value: PatientRight; title: string }[] = [
  { value: '', title: 'Choose …' },
  { value: 'image_right', title: 'At image right' },
  { value: 'image_left', title: 'At image left' },
  { value: 'unknown', title: 'Not known yet' },
];

export const DIRECTIONS: readonly { value: Direction; title: string }[] = [
  { value: '', title: 'Not said' },
  { value: 'PA', title: 'PA' },
  { value: 'AP', title: 'AP' },
];

/** A back's colour picture is never mirrored; of a film somebody has to know. */
export function asksForSide(item: ImportItem): boolean {
  return item.kind === 'radiograph' || item.kind === 'dicom';
}

/** Whether a person may still confirm this acquisition. */
export function waits(item: ImportItem): boolean {
  return item.role === 'lead' && (item.state === 'ready' || item.state === 'needs_answer');
}

/** What files and names say already; the rest is left to the person. */
export function firstDraft(item: ImportItem, pattern: string): Draft {
  const read = readName(pattern, item.name);
  const { found } = item;
  return {
    subject: found?.subject || read.subject,
    date: found?.visit_date ?? (found?.dated ? '' : read.date),
    direction: found?.direction ?? '',
    side: found?.side ?? '',
  };
}

/** A draft with what the pattern reads in the item's name, where it reads anything. */
export function withPattern(draft: Draft, item: ImportItem, pattern: string): Draft {
  const read = readName(pattern, item.name);
  return { ...draft, subject: read.subject || draft.subject, date: read.date || draft.date };
}

/** A draft with an answer given for all: what the file itself says of day, direction and side stays. */
export function withAnswer(draft: Draft, item: ImportItem, answer: Partial<Draft>): Draft {
  const { found } = item;
  const next = { ...draft, ...answer };
  if (saysDay(item)) next.date = draft.date;
  if (found?.direction) next.direction = draft.direction;
  if (found?.side_certain) next.side = draft.side;
  return next;
}

/**
 * Whether the answer tells what the shift of dates hides: the file has its own day, which is stored shifted by a number
 * of days that is the same for all of a subject's files. The true day beside it gives that number away.
 */
export function revealsShift(item: ImportItem, draft: Draft): boolean {
  return item.found?.dated === true && draft.date !== '';
}

function saysDay({ found }: ImportItem): boolean {
  return found?.dated === true || (found?.visit_date ?? null) !== null;
}

/** Whether the file itself answers something that is asked of all. */
export function saysSomething(item: ImportItem): boolean {
  return (
    saysDay(item) || (asksForSide(item) && (item.found?.side_certain === true || !!item.found?.direction))
  );
}

/** Whether the side is only guessed (from a folder's layout), and still the guess. */
export function isGuess(item: ImportItem, draft: Draft): boolean {
  const { found } = item;
  return !!found?.side && !found.side_certain && draft.side === found.side;
}

/** What is still missing, in words; empty where the acquisition can be stored. */
export function missing(item: ImportItem, draft: Draft): string[] {
  const lacks: string[] = [];
  if (draft.subject.trim() === '') lacks.push('subject');
  if (draft.date === '' && !item.found?.dated) lacks.push('day');
  if (asksForSide(item) && draft.side === '') lacks.push('side');
  return lacks;
}

export function answerOf(item: ImportItem, draft: Draft): Answer {
  const film = asksForSide(item);
  return {
    id: item.id,
    subject: draft.subject.trim(),
    visit_date: draft.date || null,
    direction: film ? draft.direction : '',
    side: film ? draft.side : '',
  };
}
