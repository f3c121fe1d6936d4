import { choice, positive, text } from '@/stores/filters';

/** The filters that `GET /subjects` allows. */
export const SUBJECT_FILTERS = {
  project: text(),
  q: text(),
  sex: choice(['F', 'M']),
  consent: choice(['given', 'withdrawn']),
  ordering: choice(['pseudonym', '-pseudonym', 'last_visit', '-last_visit', '-created_at'], 'pseudonym'),
  page: positive(1),
  page_size: positive(50, 200),
};
