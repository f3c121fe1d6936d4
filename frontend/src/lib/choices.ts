import type { Choice, Reason, Review } from '@/api/snapshots';

export const REVIEW: Record<Review, string> = {
  complete: 'Completely labelled',
  accepted: 'Accepted or signed',
  signed: 'Signed',
};

/** Why images do not enter a snapshot. */
export const REASON: Record<Reason, string> = {
  withdrawn: 'consent withdrawn',
  visit: 'outside the dates',
  put_aside: 'put aside by somebody',
  unlabelled: 'not completely labelled',
  returned: 'returned by a doctor',
  unreviewed: 'not reviewed as asked',
  another: 'a second back of a visit',
  without_film: 'no labelled X-ray of the visit',
};

export const SPLIT = { train: 'Training', validation: 'Validation', test: 'Test' } as const;

/** A choice in words. */
export function choiceFacts(choice: Choice | null): { name: string; value: string }[] {
  if (!choice) return [{ name: 'Entered', value: 'whatever was completely labelled' }];
  const { visits_from: from, visits_to: to } = choice;
  const dates = from && to ? `${from} to ${to}` : from ? `from ${from}` : to ? `until ${to}` : 'any date';
  return [
    { name: 'Entered', value: REVIEW[choice.review].toLowerCase() },
    { name: 'Visits', value: dates },
    { name: 'Consent', value: 'given, and no others' },
    {
      name: 'Held out',
      value: `${percent(choice.validation_share)} to validate, ${percent(choice.test_share)} to test`,
    },
  ];
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}\u00a0%`;
}
