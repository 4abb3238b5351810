import type { RuleOutcomeKind, Severity } from '../../src/judge/rule.ts';
import { SEVERITY_WORDS } from '../words.ts';
import { markup, type Markup } from './markup.ts';

/** Shape and word of a severity: an octagon with a cross, a triangle, a disc. */
export function severityMark(severity: Severity): Markup {
  return markup`<span class="severity ${severity}"
    >${severityIcon(severity)}${SEVERITY_WORDS[severity].one}</span
  >`;
}

/** The shape alone, for places that already say the word. */
export function severityIcon(severity: Severity): Markup {
  return markup`<svg
    class="icon ${severity}"
    viewBox="0 0 16 16"
    width="14"
    height="14"
    aria-hidden="true"
  >
    ${SHAPES[severity]}
  </svg>`;
}

/** A mark for a rule that did not fail. */
export function outcomeIcon(outcome: Exclude<RuleOutcomeKind, 'failed'>): Markup {
  return markup`<svg
    class="icon ${outcome}"
    viewBox="0 0 16 16"
    width="14"
    height="14"
    aria-hidden="true"
  >
    ${OUTCOME_SHAPES[outcome]}
  </svg>`;
}

const SHAPES = {
  error: markup`<path fill="currentColor" d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" /><path
      class="cut"
      d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"
    />`,
  warning: markup`<path fill="currentColor" d="M8 1.2 15.4 14.5H.6z" /><path
      class="cut"
      d="M8 6v4M8 11.4v1.4"
    />`,
  note: markup`<circle fill="currentColor" cx="8" cy="8" r="6.4" /><path
      class="cut"
      d="M8 7.2v4.2M8 4.2v1.4"
    />`,
} as const satisfies Record<Severity, Markup>;

const OUTCOME_SHAPES = {
  passed: markup`<path class="stroke" d="M2.5 8.5 6.3 12.3 13.5 4.2" />`,
  'not-applicable': markup`<path class="stroke" d="M3.5 8h9" />`,
  incomplete: markup`<circle class="stroke" cx="8" cy="8" r="6" /><path
      fill="currentColor"
      d="M8 2a6 6 0 0 1 0 12z"
    />`,
  errored: markup`<path class="stroke" d="M8 2v8M8 12.2v1.8" />`,
} as const satisfies Record<Exclude<RuleOutcomeKind, 'failed'>, Markup>;
