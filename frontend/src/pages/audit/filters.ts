import { choice, positive, text } from '@/stores/filters';

/** The filters that `GET /audit` allows. */
export const AUDIT_FILTERS = {
  project: text(),
  actor: text(),
  action: text(),
  q: text(),
  ordering: choice(['-at', 'at'], '-at'),
  page: positive(1),
  page_size: positive(50, 200),
};
