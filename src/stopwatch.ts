/** Seconds by stage of a run. */
export class Stopwatch {
  readonly #laps: Record<string, number> = {};
  #since = performance.now();

  /** Ends the stage that runs now and gives it a name. */
  lap(name: string): void {
    const now = performance.now();
    this.#laps[name] = Math.round(now - this.#since) / 1000;
    this.#since = now;
  }

  laps(): Readonly<Record<string, number>> {
    return { ...this.#laps };
  }
}
