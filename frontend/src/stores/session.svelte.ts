import { session as api } from '@/api/people';
import { onSignedOut } from '@/api/client';
import type { Membership, Role, Session } from '@/api/types';

/**
 * Who is signed in on this page, and the way back in when the session has expired under it.
 *
 * A refused request waits in `askAgain` while the page shows the sign-in form over what the person was doing;
 * several requests refused at once share one form. Nothing on the page is lost.
 */
class SessionStore {
  current = $state<Session | null>(null);
  /** True while the form is to be shown. */
  asking = $state(false);
  #waiting: ((signedIn: boolean) => void)[] = [];

  begin(session: Session | null): void {
    this.current = session;
    onSignedOut(() => this.askAgain());
  }

  get memberships(): Membership[] {
    return this.current?.memberships ?? [];
  }

  get isSiteAdmin(): boolean {
    return this.current?.user.is_site_admin ?? false;
  }

  /** Whether this person is an admin of any project (or of the site). */
  get isAnyAdmin(): boolean {
    return this.isSiteAdmin || this.memberships.some((membership) => membership.role === 'admin');
  }

  roleIn(project: string): Role | null {
    return this.memberships.find((membership) => membership.project.id === project)?.role ?? null;
  }

  isAdminOf(project: string): boolean {
    return this.isSiteAdmin || this.roleIn(project) === 'admin';
  }

  /** Resolves true once the person is signed in again, false when they gave up. */
  askAgain(): Promise<boolean> {
    if (this.current === null) return Promise.resolve(false);
    this.asking = true;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Signs the same person in again; what waited goes on. A wrong password throws and the form stays. */
  async signInAgain(password: string): Promise<void> {
    const username = this.current?.user.username ?? '';
    this.current = await api.signIn(username, password);
    this.#settle(true);
  }

  giveUp(): void {
    this.#settle(false);
  }

  async signOut(): Promise<void> {
    await api.signOut();
    location.assign('/login/');
  }

  #settle(signedIn: boolean): void {
    this.asking = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(signedIn);
  }
}

export const session = new SessionStore();
