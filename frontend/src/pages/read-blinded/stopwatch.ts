/** Seconds a film was in sight, over reloads and pauses: what a hidden window shows is not being read. */
export class Stopwatch {
  private before_ms = 0;
  private since_ms: number | null = null;

  constructor(
    private readonly key: string,
    private readonly store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
    private readonly now_ms: () => number,
  ) {
    const kept = Number(store.getItem(key));
    if (Number.isFinite(kept) && kept > 0) this.before_ms = kept;
  }

  get seconds(): number {
    const running = this.since_ms === null ? 0 : this.now_ms() - this.since_ms;
    return (this.before_ms + running) / 1000;
  }

  run(): void {
    this.since_ms ??= this.now_ms();
  }

  /** Stops, and keeps what it has for a reload. */
  pause(): void {
    this.before_ms = this.seconds * 1000;
    this.since_ms = null;
    this.store.setItem(this.key, String(this.before_ms));
  }

  forget(): void {
    this.store.removeItem(this.key);
  }
}
