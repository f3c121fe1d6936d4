/** Where to go after signing in: `next` when it is a path of this site, else the start page. */
export function destination(next: string | null | undefined, origin: string): string {
  if (!next?.startsWith('/')) return '/';
  try {
    const url = new URL(next, origin);
    return url.origin === origin && !url.pathname.startsWith('/login')
      ? url.pathname + url.search + url.hash
      : '/';
  } catch {
    return '/';
  }
}
