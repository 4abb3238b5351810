import type { RuleBudget } from '../config/config.ts';
import type { BudgetOutcome, RuleOutcome } from '../run/document.ts';
import { finiteInterval, ruleOfThree, sampleSizeFor } from '../sampling/binomial.ts';

/** Chance of a rise that is none, over all rules compared. */
const RISE_P = 0.05;

/**
 * Holds judged rules against their budgets. A sampled rule is held against the upper end of its interval: within its
 * budget it passes and says so; over it, it fails; where too few rows were looked at to tell, it is incomplete and says
 * how many would do. A rule without a budget stays as it is.
 */
export function applyBudgets(
  outcomes: readonly RuleOutcome[],
  budgets: Readonly<Record<string, RuleBudget>>,
): readonly RuleOutcome[] {
  return outcomes.map((rule) => {
    const budget = budgets[rule.id];
    if (budget === undefined || (rule.outcome !== 'failed' && rule.outcome !== 'passed')) {
      return rule;
    }
    const held = holdAgainst(rule, budget);
    const outcome =
      held.state === 'held'
        ? rule.reason !== null && rule.outcome === 'failed'
          ? ('incomplete' as const)
          : ('passed' as const)
        : held.state === 'exceeded'
          ? ('failed' as const)
          : ('incomplete' as const);
    return { ...rule, outcome, reason: joined(held.sentence, rule.reason), budget: held };
  });
}

function joined(sentence: string, reason: string | null): string {
  return reason === null ? sentence : `${sentence}; ${reason}`;
}

function holdAgainst(rule: RuleOutcome, budget: RuleBudget): BudgetOutcome {
  const base = {
    maxRate: budget.maxRate,
    maxCount: budget.maxCount,
    notIncreasing: budget.notIncreasing,
  };
  const say = (
    state: BudgetOutcome['state'],
    sentence: string,
    rowsNeeded: number | null = null,
  ): BudgetOutcome => ({ ...base, state, sentence, rowsNeeded });
  const rate = rule.rate ?? 0;
  const upper = rule.isSampled ? (rule.interval?.high ?? 1) : rate;
  const limit = limitOf(budget, rule.eligible);
  const limitText = limitWords(budget);
  const least = rule.isSampled ? (rule.interval?.low ?? 0) : rate;
  if (budget.notIncreasing) {
    const { baseline } = rule;
    if (baseline === undefined) {
      return say('undecided', 'whether it increased shows against an earlier run only: --against');
    }
    if (rate > (baseline.rate ?? 0) && (!rule.isSampled || baseline.riseP < RISE_P)) {
      return say('exceeded', `increased from ${percent(baseline.rate ?? 0)} to ${percent(rate)}`);
    }
    if (limit === null) return say('held', 'did not increase against the earlier run');
  }
  if (limit === null) return say('held', 'no limit is set');
  if (upper <= limit) {
    return say('held', `within its budget of ${limitText}: at most ${percent(upper)}`);
  }
  if (least > limit || rate > limit) {
    return say('exceeded', `over its budget of ${limitText}: ${percent(rate)}`);
  }
  const needed = rowsFor(rate, limit, rule.eligible);
  return say(
    'undecided',
    `${rule.examined.toLocaleString('en-US')} rows are too few for a budget of ${limitText}: its rate may be up to ${percent(upper)}; look at ${needed.toLocaleString('en-US')}`,
    needed,
  );
}

function limitOf(budget: RuleBudget, eligible: number): number | null {
  const byCount =
    budget.maxCount === null || eligible === 0 ? null : Math.min(1, budget.maxCount / eligible);
  if (budget.maxRate === null) return byCount;
  return byCount === null ? budget.maxRate : Math.min(budget.maxRate, byCount);
}

function limitWords(budget: RuleBudget): string {
  const parts = [
    budget.maxRate === null ? null : percent(budget.maxRate),
    budget.maxCount === null ? null : `${budget.maxCount.toLocaleString('en-US')} rows`,
  ];
  return parts.filter((part) => part !== null).join(' and ');
}

/**
 * Rows to look at so that the interval of a rate ends at or below a limit, in a dataset of `population` rows the rule is
 * about. Exact where nothing is affected; else the fewest rows, by bisection, at the rate seen so far.
 */
export function rowsFor(rate: number, limit: number, population: number): number {
  if (population === 0) return 0;
  if (rate === 0) {
    const bad = Math.floor(limit * population) + 1;
    if (bad > population) return 1;
    // Two-sided intervals of 95 % leave 2.5 % at each end.
    return sampleSizeFor(bad / population, 0.975, population);
  }
  let low = 1;
  let high = population;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const affected = Math.round(rate * middle);
    if (finiteInterval(affected, middle, population, 0.95).high <= limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What the plan says before the run: budgets of sampled rules that a sample of this size cannot decide, in words. */
export function planBudgets(
  budgets: Readonly<Record<string, RuleBudget>>,
  sampledRules: readonly string[],
  sample: { readonly size: number; readonly population: number },
): readonly string[] {
  return sampledRules.flatMap((id) => {
    const budget = budgets[id];
    const limit = budget === undefined ? null : limitOf(budget, sample.population);
    if (budget === undefined || limit === null || sample.size >= sample.population) return [];
    const needed = rowsFor(0, limit, sample.population);
    const isEnough = sample.size >= needed;
    return [
      `the budget of ${id} (${limitWords(budget)}) needs ${needed.toLocaleString('en-US')} clips without a finding (exact binomial; rule of three: ${Math.min(sample.population, ruleOfThree(limit)).toLocaleString('en-US')}); the sample has ${sample.size.toLocaleString('en-US')}${isEnough ? '' : `, too few: --sample ${needed}`}`,
    ];
  });
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(3))} %`;
}
