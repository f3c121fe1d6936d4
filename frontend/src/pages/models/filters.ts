import { choice, positive, text } from '@/stores/filters';

/** The filters that `GET /model-versions` allows. */
export const VERSION_FILTERS = {
  project: text(),
  schema: text(),
  state: choice(['candidate', 'promoted', 'retired']),
  q: text(),
  ordering: choice(['-created_at', 'name', '-number'], '-created_at'),
  page: positive(1),
  page_size: positive(50, 200),
};
