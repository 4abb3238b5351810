import { DailiesError } from '../dailies-error.ts';
import type { Rule } from '../judge/rule.ts';
import { cleanUpperBound } from '../sampling/binomial.ts';
import {
  LEAST_RECALL,
  MOST_FALSE_ALARMS,
  type SelftestFault,
  type SelftestMethod,
  type SelftestRule,
  type SelftestTrial,
} from './document.ts';

/** What one trial of one fault showed. */
export type Attempt = SelftestTrial & { readonly fault: string };

/** All that was tried on a rule, by the better and the worse way. */
export class Tally {
  readonly #attempts = new Map<string, Map<SelftestMethod, Attempt[]>>();
  readonly #failures = new Map<string, string>();

  add(rule: string, method: SelftestMethod, attempt: Attempt): void {
    const methods = this.#attempts.get(rule) ?? new Map<SelftestMethod, Attempt[]>();
    methods.set(method, [...(methods.get(method) ?? []), attempt]);
    this.#attempts.set(rule, methods);
  }

  /** Notes why a copy could not be judged: one trial that fails costs its rules, not the self-test. */
  fail(rules: readonly string[], cause: unknown): void {
    if (cause instanceof DailiesError && cause.code === 'interrupted') throw cause;
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    for (const rule of rules) this.#failures.set(rule, message);
  }

  /** Why the last copy for this rule could not be judged; null: it could. */
  failure(rule: string): string | null {
    return this.#failures.get(rule) ?? null;
  }

  /** Whether a fault of the rule was put into anything of the dataset. */
  has(rule: string): boolean {
    return this.#best(rule) !== null;
  }

  /** The rule's line, by the way of trying it that is nearest to real data; null: nothing was tried. */
  summarise(
    rule: Rule,
    sample: { readonly size: number; readonly rows: number },
  ): SelftestRule | null {
    const best = this.#best(rule.id);
    return best === null ? null : summarise(rule, best.method, best.attempts, sample);
  }

  #best(
    rule: string,
  ): { readonly method: SelftestMethod; readonly attempts: readonly Attempt[] } | null {
    for (const method of NEAREST_FIRST) {
      const attempts = this.#attempts.get(rule)?.get(method) ?? [];
      if (attempts.some((attempt) => attempt.injected > 0)) return { method, attempts };
    }
    return null;
  }
}

const NEAREST_FIRST: readonly SelftestMethod[] = [
  'media',
  'rows',
  'shards',
  'versions',
  'evidence',
  'examples',
];

function summarise(
  rule: Rule,
  method: SelftestMethod,
  attempts: readonly Attempt[],
  sample: { readonly size: number; readonly rows: number },
): SelftestRule {
  const designed = attempts.filter((attempt) => attempt.isDesignPoint);
  const injected = total(designed, 'injected');
  const sound = total(designed, 'sound');
  const recall = injected === 0 ? null : total(designed, 'found') / injected;
  const falseAlarmRate = sound === 0 ? null : total(designed, 'falseAlarms') / sound;
  const { id, family, severity, scope } = rule;
  return {
    id,
    family,
    severity,
    scope,
    method,
    faults: faultsOf(designed),
    reason: null,
    trials: trialsOf(attempts),
    recall,
    falseAlarmRate,
    smallestRate: smallestRate(rule, method, attempts, recall, sample),
    isBelowMark: isBelowMark(recall, falseAlarmRate),
  };
}

/** Recall below the mark, or more false alarms than it allows. */
export function isBelowMark(recall: number | null, falseAlarmRate: number | null): boolean {
  return (recall ?? 1) < LEAST_RECALL || (falseAlarmRate ?? 0) > MOST_FALSE_ALARMS;
}

/**
 * A rule about single clips shows a rate once in 95 of 100 draws if the sample is clean at most that often; what is read
 * whole shows a single row. What shows in many rows together: the smallest rate tried that was found.
 */
function smallestRate(
  rule: Rule,
  method: SelftestMethod,
  attempts: readonly Attempt[],
  recall: number | null,
  sample: { readonly size: number; readonly rows: number },
): number | null {
  if (recall === null || recall === 0 || method === 'shards' || method === 'versions') return null;
  const rows = Math.max(1, sample.rows);
  const isOfSample = rule.needs.some(
    (need) => !/^(?:clips|ledger|shards|profile|numbers)\./.test(need),
  );
  if (attempts.every((attempt) => attempt.isDesignPoint)) {
    const once = isOfSample ? cleanUpperBound(sample.size, rows) : 1 / rows;
    return Math.min(1, Math.max(once / recall, 1 / rows));
  }
  const shown = attempts.filter((attempt) => attempt.found > 0).map((attempt) => attempt.rate);
  return shown.length === 0 ? null : Math.min(...shown);
}

function total(
  attempts: readonly Attempt[],
  field: 'injected' | 'found' | 'sound' | 'falseAlarms',
): number {
  return attempts.reduce((sum, attempt) => sum + attempt[field], 0);
}

function faultsOf(attempts: readonly Attempt[]): readonly SelftestFault[] {
  return [...new Set(attempts.map((attempt) => attempt.fault))].map((name) => {
    const own = attempts.filter((attempt) => attempt.fault === name);
    return { name, injected: total(own, 'injected'), found: total(own, 'found') };
  });
}

/** Attempts at one rate, of all faults, as one trial. */
function trialsOf(attempts: readonly Attempt[]): readonly SelftestTrial[] {
  const rates = [...new Set(attempts.map((attempt) => attempt.rate))].toSorted((a, b) => a - b);
  return rates.map((rate) => {
    const own = attempts.filter((attempt) => attempt.rate === rate);
    return {
      rate,
      isDesignPoint: own.some((attempt) => attempt.isDesignPoint),
      injected: total(own, 'injected'),
      found: total(own, 'found'),
      sound: total(own, 'sound'),
      falseAlarms: total(own, 'falseAlarms'),
    };
  });
}
