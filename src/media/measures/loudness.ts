/** Loudness and the relation of the first two channels; levels in dB of full scale. */
export type Loudness = {
  readonly rms_db: number;
  readonly peak_db: number;
  readonly silent_share: number;
  readonly channel_correlation: number | null;
  /** Level of each window of {@link LEVEL_WINDOW_S}, in order. */
  readonly levels_db: readonly number[];
};

/** Digital silence, in place of minus infinity. */
const SILENCE_DB = -120;
/** A window under this level is silent. */
const SILENT_DB = -60;
/** Length of a window, s. */
export const LEVEL_WINDOW_S = 0.05;
/** Mean square of either channel under which they can't be correlated. */
const LEAST_POWER = 1e-8;

/** Sums over samples −1…1 as they are decoded. */
export class LoudnessMeter {
  readonly #window: number;
  #count = 0;
  #squares = 0;
  #peak = 0;
  #windowCount = 0;
  #windowSquares = 0;
  readonly #levels: number[] = [];
  #silent = 0;
  #left = 0;
  #right = 0;
  #product = 0;
  #pairs = 0;

  constructor(sampleRate_hz: number) {
    this.#window = Math.max(1, Math.round(sampleRate_hz * LEVEL_WINDOW_S));
  }

  /** Takes one moment: its samples of the first two channels; the second is null of mono. */
  add(left: number, right: number | null): void {
    const power = right === null ? left * left : (left * left + right * right) / 2;
    this.#squares += power;
    this.#count++;
    this.#peak = Math.max(this.#peak, Math.abs(left), Math.abs(right ?? 0));
    this.#windowSquares += power;
    if (++this.#windowCount === this.#window) this.#closeWindow();
    if (right === null) return;
    this.#left += left * left;
    this.#right += right * right;
    this.#product += left * right;
    this.#pairs++;
  }

  #closeWindow(): void {
    const level_db = decibels(this.#windowSquares / this.#windowCount);
    this.#levels.push(Math.round(10 * level_db) / 10);
    if (level_db < SILENT_DB) this.#silent++;
    this.#windowCount = 0;
    this.#windowSquares = 0;
  }

  finish(): Loudness | null {
    if (this.#count === 0) return null;
    if (this.#windowCount > 0) this.#closeWindow();
    const isAudible = Math.min(this.#left, this.#right) > LEAST_POWER * this.#pairs;
    return {
      rms_db: decibels(this.#squares / this.#count),
      peak_db: decibels(this.#peak * this.#peak),
      silent_share: this.#silent / this.#levels.length,
      levels_db: this.#levels,
      channel_correlation:
        this.#pairs > 0 && isAudible ? this.#product / Math.sqrt(this.#left * this.#right) : null,
    };
  }
}

function decibels(power: number): number {
  return power <= 0 ? SILENCE_DB : Math.max(SILENCE_DB, 10 * Math.log10(power));
}
