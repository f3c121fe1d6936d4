import { describe, expect, it } from 'vitest';
import { answerOf, firstDraft, isGuess, missing, revealsShift, withAnswer, withPattern } from './answers';
import type { Found, ImportItem } from './requests';

function item(kind: string, found: Partial<Found>, name = 'SW-1/film.png'): ImportItem {
  return { id: 'a', name, kind, role: 'lead', state: 'needs_answer', found } as ImportItem;
}

describe('firstDraft', () => {
  it('takes what the files say before what the pattern reads', () => {
    const labelled = item('rgbd', { subject: 'P-7', visit_date: '2026-01-02', direction: '', side: '' });
    expect(firstDraft(labelled, '{subject}/*')).toMatchObject({ subject: 'P-7', date: '2026-01-02' });
    const bare = item('radiograph', { subject: '', visit_date: null, direction: '', side: '' });
    expect(firstDraft(bare, '{subject}/*')).toMatchObject({ subject: 'SW-1', date: '', side: '' });
  });

  it('leaves the day of a dated file to the file', () => {
    const dicom = item('dicom', { subject: '', visit_date: null, dated: true }, 'SW-1_2020-01-01.dcm');
    expect(firstDraft(dicom, '{subject}_{date}').date).toBe('');
  });
});

describe('missing', () => {
  it('asks for side of films only, and for a day only where the file names none', () => {
    const draft = { subject: '', date: '', direction: '' as const, side: '' as const };
    expect(missing(item('radiograph', {}), draft)).toEqual(['subject', 'day', 'side']);
    expect(missing(item('dicom', { dated: true }), draft)).toEqual(['subject', 'side']);
    expect(missing(item('kinect', {}), { ...draft, subject: 'S', date: '2026-01-01' })).toEqual([]);
    expect(missing(item('radiograph', {}), { ...draft, subject: ' ', side: 'unknown', date: 'x' })).toEqual([
      'subject',
    ]);
  });
});

describe('revealsShift', () => {
  const draft = { subject: 'S', date: '2026-01-31', direction: '' as const, side: '' as const };

  it('warns of a day typed beside the shifted one of the file, and of no other', () => {
    expect(revealsShift(item('dicom', { dated: true }), draft)).toBe(true);
    expect(revealsShift(item('dicom', { dated: true }), { ...draft, date: '' })).toBe(false);
    expect(revealsShift(item('dicom', { dated: false }), draft)).toBe(false);
  });
});

describe('answerOf', () => {
  it('sends a side for films only', () => {
    const draft = { subject: ' S ', date: '', direction: 'PA' as const, side: 'image_left' as const };
    expect(answerOf(item('dicom', {}), draft)).toEqual({
      id: 'a',
      subject: 'S',
      visit_date: null,
      direction: 'PA',
      side: 'image_left',
    });
    expect(answerOf(item('rgbd', {}), draft)).toMatchObject({ direction: '', side: '' });
  });
});

describe('withAnswer', () => {
  const draft = { subject: 'S', date: '', direction: 'PA' as const, side: 'image_left' as const };
  const all = { date: '2026-01-01', direction: 'AP' as const, side: 'image_right' as const };

  it('never turns a film round whose own tags say where its right is', () => {
    const dicom = item('dicom', { dated: true, direction: 'PA', side: 'image_left', side_certain: true });
    expect(withAnswer(draft, dicom, all)).toEqual(draft);
  });

  it('answers what the file does not say, a guess included', () => {
    const picture = item('radiograph', { dated: false, visit_date: null, direction: '', side: 'image_left' });
    expect(withAnswer(draft, picture, all)).toEqual({ subject: 'S', ...all });
    expect(withAnswer(draft, picture, { side: 'unknown' })).toEqual({ ...draft, side: 'unknown' });
  });
});

describe('isGuess', () => {
  it('holds until a person says something else', () => {
    const draft = { subject: '', date: '', direction: '' as const, side: 'image_left' as const };
    const guessed = item('radiograph', { side: 'image_left', side_certain: false });
    expect(isGuess(guessed, draft)).toBe(true);
    expect(isGuess(guessed, { ...draft, side: 'image_right' })).toBe(false);
    expect(isGuess(item('dicom', { side: 'image_left', side_certain: true }), draft)).toBe(false);
    expect(isGuess(item('radiograph', { side: '' }), { ...draft, side: '' })).toBe(false);
  });
});

describe('withPattern', () => {
  it('keeps what the pattern does not read', () => {
    const draft = { subject: 'old', date: '2026-01-01', direction: '' as const, side: '' as const };
    expect(withPattern(draft, item('radiograph', {}), '{subject}/*')).toMatchObject({
      subject: 'SW-1',
      date: '2026-01-01',
    });
    expect(withPattern(draft, item('radiograph', {}, 'film.png'), '{subject}/*').subject).toBe('old');
  });
});
