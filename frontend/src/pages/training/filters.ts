import { choice, isoDate, positive, text } from '@/stores/filters';

/** The filters that `GET /training-jobs` allows. */
export const JOB_FILTERS = {
  project: text(),
  snapshot: text(),
  state: choice(['pending', 'running', 'succeeded', 'failed', 'cancelled']),
  finished_from: isoDate(),
  q: text(),
  ordering: choice(['-created_at', 'created_at', 'name'], '-created_at'),
  page: positive(1),
  page_size: positive(50, 200),
};
