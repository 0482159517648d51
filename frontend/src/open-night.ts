/** Lets a card ask for a night, and a Night card on the same page show it. */

const EVENT = "limber-open-night";

export interface WantedNight {
  /** Id of the sleeper's device. */
  readonly device: string;
  /** Date. */
  readonly night: string;
}

/** Ask for a night; returns whether a card on this page shows it now. */
export function openNight(wanted: WantedNight): boolean {
  return !window.dispatchEvent(new CustomEvent(EVENT, { detail: wanted, cancelable: true }));
}

/** Show nights that other cards ask for; `show` returns whether it did. Returns what ends it. */
export function onOpenNight(show: (wanted: WantedNight) => boolean): () => void {
  const listener = (event: Event) => {
    // One card is enough.
    if (event.defaultPrevented) return;
    if (show((event as CustomEvent<WantedNight>).detail)) event.preventDefault();
  };
  window.addEventListener(EVENT, listener);
  return () => window.removeEventListener(EVENT, listener);
}
