import { call } from './client';
import type { Member, Page, Role, Session, Token, User } from './types';

export const session = {
  get: () => call<Session>('get', '/session'),
  signIn: (username: string, password: string) =>
    call<Session>('post', '/session', { body: { username, password } }),
  signOut: () => call('delete', '/session'),
  changePassword: (current: string, next: string) =>
    call<Session>('post', '/session/password', { body: { current, new: next } }),
};

export type UserQuery = { q?: string; page?: number; page_size?: number; ordering?: string };
export type UserChanges = Partial<Pick<User, 'name' | 'is_active' | 'is_site_admin'>>;

export const users = {
  list: (query: UserQuery, signal?: AbortSignal) =>
    call<Page<User>>('get', '/users', { query, ...(signal ? { signal } : {}) }),
  create: (username: string, name: string) =>
    call<User & { password: string }>('post', '/users', { body: { username, name } }),
  change: (id: string, body: UserChanges) => call<User>('patch', '/users/{id}', { path: { id }, body }),
  resetPassword: (id: string) =>
    call<{ password: string }>('post', '/users/{id}/password-reset', { path: { id } }),
};

export const members = {
  list: (project: string) =>
    call<Page<Member>>('get', '/projects/{project}/members', {
      path: { project },
      query: { page_size: 200 },
    }),
  add: (project: string, username: string, role: Role) =>
    call<Member>('post', '/projects/{project}/members', { path: { project }, body: { username, role } }),
  change: (id: string, role: Role) =>
    call<Member>('patch', '/members/{id}', { path: { id }, body: { role } }),
  remove: (id: string) => call('delete', '/members/{id}', { path: { id } }),
};

export const tokens = {
  list: (project: string) => call<Token[]>('get', '/projects/{project}/tokens', { path: { project } }),
  create: (project: string, name: string) =>
    call<Token & { token: string }>('post', '/projects/{project}/tokens', {
      path: { project },
      body: { name },
    }),
  revoke: (id: string) => call('delete', '/tokens/{id}', { path: { id } }),
};
