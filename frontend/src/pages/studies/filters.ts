import { choice, isoDate, positive, text } from '@/stores/filters';

/** The filters that `GET /studies` allows; the query string of the page is these and nothing else. */
export const STUDY_FILTERS = {
  project: text(),
  subject: text(),
  q: text(),
  has: choice(['rgbd', 'radiograph', 'both']),
  label_state: choice(['none', 'partial', 'done']),
  measured: choice(['true', 'false']),
  visit_after: isoDate(),
  visit_before: isoDate(),
  ordering: choice(
    [
      'visit_date',
      '-visit_date',
      'subject',
      '-subject',
      'cobb_deg',
      '-cobb_deg',
      'created_at',
      '-created_at',
    ],
    '-visit_date',
  ),
  page: positive(1),
  page_size: positive(50, 200),
};
