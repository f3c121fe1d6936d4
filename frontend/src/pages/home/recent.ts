const DAY_MS = 86_400_000;

/** The day that lies so many days back, in the UTC of the server's rows. */
export function dayBefore(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}
