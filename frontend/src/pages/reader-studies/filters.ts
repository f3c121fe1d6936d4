import { choice, positive, text } from '@/stores/filters';

/** The filters that `GET /reader-studies` allows. */
export const READER_STUDY_FILTERS = {
  project: text(),
  ordering: choice(['-created_at', 'created_at', 'name', '-name'], '-created_at'),
  page: positive(1),
  page_size: positive(50, 200),
};
