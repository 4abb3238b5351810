import { EVIDENCE_TABLES, isEvidenceTable } from '../probes/evidence-tables.ts';
import { reaches, type Tier } from '../config/config.ts';
import { isMeasuredBy, tierOfColumn, tierOfTable } from '../probes/evidence-tiers.ts';
import { type CompiledRule, looksAtBoth, type Need } from './compile-rule.ts';
import { LEDGER_COLUMN_NAMES } from './ledger.ts';
import { NUMBERS, type NumberColumn } from './number-columns.ts';

/** What the dataset and the plan offer to rules. */
export type Offer = {
  /** Columns of `clips` that the dataset really has: canonical ones it maps, and its own. */
  readonly clipColumns: ReadonlySet<string>;
  /** Evidence tables that the tier fills. */
  readonly evidence: ReadonlySet<string>;
  readonly tier: Tier;
  readonly hasMedia: boolean;
  /** Whether clips name files of latents, and the tier opens them. */
  readonly hasLatents: boolean;
  /** Why no decoder is there; null if one is. */
  readonly noDecoder: string | null;
  /** Who decodes; null: nobody. */
  readonly decoder: 'node-av' | 'ffmpeg' | null;
  /** Other tables in the room. */
  readonly tables: ReadonlySet<string>;
  /** Numeric columns of `clips`, those of the user included. */
  readonly numbers: readonly NumberColumn[];
  /** Date of the run, ISO. */
  readonly today: string;
};

/** Why a table is not there, where its name does not say it. */
const WITHOUT_TABLE: Readonly<Record<string, string>> = {
  page_checksums: 'the manifest is no Parquet, whose pages carry checksums',
  footer_checks: 'the manifest is no Parquet, whose footers carry statistics',
  tar_samples: 'the dataset is no set of tars',
  unnamed_files: 'the dataset names no media, or --tier manifest keeps away from them',
};

/** Why a rule cannot be judged on this dataset; null if it can. */
export function whyNotApplicable(
  compiled: CompiledRule,
  offer: Offer,
): {
  readonly outcome: 'not-applicable' | 'incomplete' | 'errored';
  readonly reason: string;
} | null {
  if (compiled.rule.scope === 'versions') {
    return { outcome: 'not-applicable', reason: 'it compares two versions of a dataset' };
  }
  if (looksAtBoth(compiled)) return whyNeither(compiled, offer);
  for (const need of compiled.needs) {
    if (need.table === 'clips') {
      if (!need.isOptional && !offer.clipColumns.has(need.column)) {
        return {
          outcome: 'not-applicable',
          reason: `the dataset has no column for ${need.column}`,
        };
      }
    } else if (isEvidenceTable(need.table)) {
      if (need.table === 'latents') {
        if (!offer.hasLatents && !need.isOptional)
          return { outcome: 'not-applicable', reason: 'the dataset names no files of latents' };
        continue;
      }
      const isThere = offer.hasMedia || (offer.hasLatents && need.table === 'files');
      if (!isThere) return { outcome: 'not-applicable', reason: 'the dataset names no media' };
      const tier = tierOfColumn(need.table, need.column);
      if (!offer.evidence.has(need.table) || tier === null || isBeyond(tier, need, offer)) {
        return {
          outcome: 'not-applicable',
          reason: `--tier ${offer.tier} does not look at ${tier === tierOfTable(need.table) ? need.table : `${need.table}.${need.column}`}`,
        };
      }
      if ((need.table === 'frames' || need.table === 'audio') && offer.noDecoder !== null) {
        return { outcome: 'incomplete', reason: offer.noDecoder };
      }
      if (!hasEvidenceColumn(need.table, need.column)) {
        return { outcome: 'errored', reason: `${need.table} has no column ${need.column}` };
      }
      if (
        !need.isOptional &&
        offer.decoder !== null &&
        !isMeasuredBy(offer.decoder, need.table, need.column)
      ) {
        return {
          outcome: 'incomplete',
          reason: `the decoder ${offer.decoder} does not measure ${need.table}.${need.column}; node-av does`,
        };
      }
    } else if (need.table === 'ledger') {
      if (!LEDGER_COLUMN_NAMES.includes(need.column)) {
        return { outcome: 'errored', reason: `ledger has no column ${need.column}` };
      }
    } else if (need.table === NUMBERS) {
      if (offer.numbers.length === 0)
        return { outcome: 'not-applicable', reason: 'the dataset has no column of numbers' };
    } else if (!offer.tables.has(need.table)) return withoutTable(need, offer);
  }
  return null;
}

function withoutTable(
  need: Need,
  offer: Offer,
): { readonly outcome: 'not-applicable'; readonly reason: string } {
  const reason =
    need.table === 'near_duplicates'
      ? `--tier ${offer.tier} compares no media`
      : (WITHOUT_TABLE[need.table] ?? `there is no table ${need.table} in this run`);
  return { outcome: 'not-applicable', reason };
}

/** Whether a column that a rule cannot do without is measured at a deeper tier alone. */
function isBeyond(tier: Tier, need: Need, offer: Offer): boolean {
  return !need.isOptional && !reaches(offer.tier, tier);
}

/** A rule that is content with the manifest or with evidence is out only if it gets neither. */
function whyNeither(
  compiled: CompiledRule,
  offer: Offer,
): { readonly outcome: 'not-applicable'; readonly reason: string } | null {
  const wanted = compiled.needs.filter((need) => need.table !== 'ledger');
  const absent = wanted.find(
    (need) =>
      !need.isOptional &&
      need.table !== 'clips' &&
      need.table !== NUMBERS &&
      !isEvidenceTable(need.table) &&
      !offer.tables.has(need.table),
  );
  if (absent !== undefined) return withoutTable(absent, offer);
  const columns = wanted.filter((need) => need.table === 'clips');
  const missing = columns.filter((need) => !offer.clipColumns.has(need.column));
  const required = missing.find((need) => !need.isOptional);
  if (required !== undefined)
    return {
      outcome: 'not-applicable',
      reason: `the dataset has no column for ${required.column}`,
    };
  const hasMeasured = wanted.some((need) =>
    need.table === 'latents' ? offer.hasLatents : offer.hasMedia && offer.evidence.has(need.table),
  );
  if (hasMeasured) return null;
  // What the manifest shows by itself, if anything, is what the rule says it is about.
  if (compiled.rule.eligible === null)
    return { outcome: 'not-applicable', reason: whyUnmeasured(wanted, offer) };
  if (missing.length < columns.length) return null;
  const names = missing.map((need) => need.column).join(', ');
  return {
    outcome: 'not-applicable',
    reason:
      names === ''
        ? 'no media were looked at'
        : `the dataset has no column for ${names}, and no media were looked at`,
  };
}

function whyUnmeasured(wanted: readonly Need[], offer: Offer): string {
  if (!offer.hasMedia && !offer.hasLatents) return 'the dataset names no media';
  const tables = wanted.map((need) => need.table).filter(isEvidenceTable);
  return `--tier ${offer.tier} does not look at ${[...new Set(tables)].join(' or ')}`;
}

function hasEvidenceColumn(table: string, column: string): boolean {
  const columns = Object.entries(EVIDENCE_TABLES).find(([name]) => name === table)?.[1];
  return columns !== undefined && (Object.hasOwn(columns, column) || column === 'medium');
}
