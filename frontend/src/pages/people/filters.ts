import { choice, positive, text } from '@/stores/filters';

/** The filters that `GET /users` allows. */
export const USER_FILTERS = {
  q: text(),
  is_active: choice(['true', 'false']),
  is_site_admin: choice(['true', 'false']),
  ordering: choice(['username', '-username', '-last_login'], 'username'),
  page: positive(1),
  page_size: positive(50, 200),
};
