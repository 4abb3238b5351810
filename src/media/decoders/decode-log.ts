/** Longest line kept. */
const LONGEST_LINE = 200;
/** Distinct lines kept. */
const MOST_LINES = 10;

/** Collects the complaints of a decoder: how many, and the first distinct ones without memory addresses. */
export class DecodeLog {
  readonly #distinct: string[] = [];
  #count = 0;

  add(text: string): void {
    for (const raw of text.split(/[\r\n]+/)) {
      const line = raw
        .replaceAll(/\s*@\s*0x[0-9a-f]+/gi, '')
        .trim()
        .slice(0, LONGEST_LINE);
      if (line === '') continue;
      this.#count++;
      if (this.#distinct.length < MOST_LINES && !this.#distinct.includes(line))
        this.#distinct.push(line);
    }
  }

  /** Number of lines. */
  get count(): number {
    return this.#count;
  }

  /** First distinct lines. */
  get lines(): readonly string[] {
    return this.#distinct;
  }
}
