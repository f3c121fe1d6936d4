import type { Component } from 'svelte';

/** `now`: beside the first picture. `idle`: before anybody is likely to ask. `asked`: only when it is needed. */
export type When = 'now' | 'idle' | 'asked';

/** A component that the page can be shown without. Null until it is here. */
export class Lazy<Module extends { default: Component<never> }> {
  component = $state.raw<Module['default'] | null>(null);
  #loading: Promise<void> | null = null;

  constructor(
    private readonly fetch: () => Promise<Module>,
    when: When = 'idle',
  ) {
    // A failure is not told: whoever needs it asks again, and is told.
    const ahead = (): void => void this.load().catch(() => undefined);
    if (when === 'now') ahead();
    else if (when === 'idle') whenIdle(ahead);
  }

  /** Resolves when it is here; rejects when it cannot be fetched, and may then be tried again. */
  load(): Promise<void> {
    this.#loading ??= this.fetch().then(
      (module) => {
        this.component = module.default;
      },
      (error: unknown) => {
        this.#loading = null;
        throw error;
      },
    );
    return this.#loading;
  }
}

function whenIdle(act: () => void): void {
  const idle = window.requestIdleCallback as typeof window.requestIdleCallback | undefined;
  if (idle === undefined) setTimeout(act, 1500);
  else idle(act, { timeout: 4000 });
}
