/** Data that a card fetches, as something it can render. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { ApiError } from "./api";

/**
 * Fetches data when its key changes, and updates the card.
 *
 * While newer data are on their way, `value` keeps the older ones, so that nothing flickers;
 * `loadedKey` says which they are. What arrives after a newer request is dropped.
 */
export class Loader<T> implements ReactiveController {
  value: T | undefined;
  error: ApiError | undefined;
  loading = false;
  /** Key of `value`. */
  loadedKey: string | undefined;
  private key: string | undefined;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostDisconnected(): void {
    // What failed or was interrupted is tried again when the card is shown again.
    if (this.loading || this.error !== undefined) this.key = undefined;
  }

  /** Fetch, unless it was done for this key. Call it from `willUpdate` or `renderCard`. */
  load(key: string, fetch: () => Promise<T>): void {
    if (key === this.key) return;
    this.key = key;
    this.loading = true;
    void this.run(key, fetch);
  }

  /** Fetch again at the next update, for example after an error. */
  retry(): void {
    this.key = undefined;
    this.host.requestUpdate();
  }

  private async run(key: string, fetch: () => Promise<T>): Promise<void> {
    let value: T | undefined;
    let error: ApiError | undefined;
    try {
      value = await fetch();
    } catch (failure) {
      error = failure as ApiError;
    }
    if (key !== this.key) return;
    this.loading = false;
    this.error = error;
    if (error === undefined) {
      this.value = value;
      this.loadedKey = key;
    }
    this.host.requestUpdate();
  }
}
