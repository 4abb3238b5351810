import { type Config, reaches, type Tier, type TierBudget, TIERS } from '../config/config.ts';
import { createTableSql } from '../dataset/table-columns.ts';
import { type Database, maybe, numberOf, textOf } from '../engine/database.ts';
import { countProbes, type ProbeCount } from '../engine/gather-evidence.ts';
import type { GatherPlan } from '../engine/gather-plan.ts';
import { hashSameSizes } from '../engine/hash-same-sizes.ts';
import { insertRows } from '../engine/insert-rows.ts';
import { locateMedia } from '../engine/locate-media.ts';
import { type Located, MEDIA_COLUMNS } from '../engine/located-media.ts';
import { lookAtMedia, type PassReport } from '../engine/look-at-media.ts';
import type { CompiledRule } from '../judge/compile-rule.ts';
import type { LedgerAnswer } from '../judge/answers.ts';
import { deepestTierOf } from '../judge/rule-tier.ts';
import { comparesCaptions, looksAtMedia } from '../judge/sampled-clips.ts';
import type { EvidenceTable } from '../probes/evidence-tables.ts';
import type { Progress } from '../progress.ts';
import { parseSample, sampleTarget } from '../sampling/draw-sample.ts';
import { type Choice, chooseClips } from './choose-clips.ts';
import { findSuspects } from './find-suspects.ts';
import { budgetText, describeRung, type Rung } from './rung.ts';
import { type Cost, costOf, DEFAULT_BUDGETS, type MediumFacts } from './tier-costs.ts';

/** A tier that opens media. */
type MediaTier = Exclude<Tier, 'manifest'>;

type ClimbPlan = GatherPlan & {
  readonly tier: Tier;
  readonly budgets: Config['budgets'];
  readonly rules: readonly CompiledRule[];
  /** What rules over the manifest said, by id. */
  readonly answers: ReadonlyMap<string, LedgerAnswer>;
};

/** What came of looking at media. */
export type Climb = {
  readonly rungs: readonly Rung[];
  readonly probes: readonly ProbeCount[];
};

/** Tables that each tier adds to. */
const TIER_TABLES: Readonly<Record<MediaTier, readonly EvidenceTable[]>> = {
  header: ['files', 'containers', 'images'],
  packets: ['packets'],
  keyframes: ['images', 'frames'],
  frames: ['frames', 'audio'],
  full: ['frames'],
};

const PASS_NAMES: Readonly<Record<MediaTier, string>> = {
  header: 'read headers',
  packets: 'read packet tables',
  keyframes: 'decode keyframes',
  frames: 'decode frames',
  full: 'measure at native size',
};

/** Tables of evidence that a tier fills, with those before it. */
export function tablesOf(tier: Tier): ReadonlySet<EvidenceTable> {
  return new Set(
    mediaTiers()
      .filter((each) => reaches(tier, each))
      .flatMap((each) => TIER_TABLES[each]),
  );
}

/** Of a tier, each clip that it might have looked at. */
const LOOKED_AT_COLUMNS = {
  clip_id: 'BIGINT',
  tier: 'VARCHAR',
  is_suspicious: 'BOOLEAN',
  is_looked_at: 'BOOLEAN',
} as const;

/** Makes `sampled_media` and `looked_at`, without rows: rules that look into evidence only where there is some find them. */
export async function createMediaTables(database: Database): Promise<void> {
  await database.run(createTableSql('sampled_media', MEDIA_COLUMNS, 'temp table'));
  await database.run(createTableSql('looked_at', LOOKED_AT_COLUMNS, 'temp table'));
}

/**
 * Looks at the drawn media tier by tier: all of them where the budget allows, else clips at random and, first of all, those
 * that the tiers before made suspicious. Fills the evidence tables, and writes `looked_at (clip_id, tier, is_suspicious,
 * is_looked_at)`: of every tier that did not look at all drawn clips, a row for each whose header was read.
 */
export async function climbLadder(
  database: Database,
  plan: ClimbPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<Climb> {
  const climber = new Climber(database, plan, progress, signal);
  return climber.climb();
}

class Climber {
  readonly #database: Database;
  readonly #plan: ClimbPlan;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  readonly #cached = new Map<EvidenceTable, number>();
  readonly #rungs: Rung[] = [];
  /** Drawn clips in an order in which any beginning is a draw of its own, evenly from all strata. */
  #order: readonly string[] = [];
  /** Of these, the clips whose headers were read: only they climb. */
  #candidates: readonly string[] = [];
  /** Tiers that looked at all candidates: what they saw may make suspicious without bias. */
  readonly #complete = new Set<Tier>();
  #media: ReadonlyMap<string, readonly Located[]> = new Map();
  #facts: ReadonlyMap<string, MediumFacts> = new Map();

  constructor(database: Database, plan: ClimbPlan, progress: Progress, signal: AbortSignal) {
    this.#database = database;
    this.#plan = plan;
    this.#progress = progress;
    this.#signal = signal;
  }

  async climb(): Promise<Climb> {
    await createMediaTables(this.#database);
    const located = await locateMedia(this.#database, this.#plan, this.#signal);
    this.#order = await readOrder(this.#database);
    this.#candidates = this.#order;
    this.#media = byClip(located);
    const tiers = this.#tiers();
    await this.#readHeaders(tiers);
    await hashSameSizes(this.#database, located, this.#plan, this.#progress, this.#signal);
    await this.#decode(tiers.filter(isDecoding));
    const tables = [...tablesOf(this.#plan.tier)].filter(
      (table) => this.#wants([table]).length > 0,
    );
    const probes = await Promise.all(
      tables.map(async (table) => countProbes(this.#database, table, this.#cached.get(table) ?? 0)),
    );
    return { rungs: this.#rungs, probes };
  }

  /** The tiers up to the one asked for that any rule has a use for. */
  #tiers(): readonly MediaTier[] {
    const { rules, tier } = this.#plan;
    const needed = rules.filter(looksAtMedia).map(deepestTierOf);
    return mediaTiers().filter(
      (each) => reaches(tier, each) && needed.some((deepest) => reaches(deepest, each)),
    );
  }

  /** Of some tables, those that a rule reads; files are always looked at. */
  #wants(tables: readonly EvidenceTable[]): readonly EvidenceTable[] {
    return tables.filter(
      (table) =>
        table === 'files' ||
        this.#plan.rules.some(
          (rule) =>
            rule.evidence.includes(table) || comparesCaptions(rule) || isSuspectedBy(rule, table),
        ),
    );
  }

  /** Headers and packet tables, in one pass unless packets are to be looked at less often. */
  async #readHeaders(tiers: readonly MediaTier[]): Promise<void> {
    // Images are decoded at once where anything is: their headers are read then.
    const isDecoded = tiers.some(isDecoding);
    const tables = (tier: MediaTier): readonly EvidenceTable[] =>
      this.#wants(TIER_TABLES[tier].filter((table) => table !== 'images' || !isDecoded));
    const header = this.#choose('header');
    const packets = this.#choose('packets');
    const isTogether = tiers.includes('packets') && this.#isAll(header) && this.#isAll(packets);
    const first = await this.#look('header', header, [
      ...tables('header'),
      ...(isTogether ? tables('packets') : []),
    ]);
    await this.#note('header', header, { ...first, bytes: first.bytes - first.packetBytes });
    this.#facts = await readFacts(this.#database, this.#media);
    if (isTogether) {
      const spent = { bytes: first.packetBytes, decode_s: 0 };
      return this.#note('packets', packets, { ...first, ...spent });
    }
    if (!tiers.includes('packets')) return;
    const suspects = await this.#findSuspects('packets');
    const choice = this.#choose('packets', suspects);
    const report = await this.#look('packets', choice, tables('packets'));
    await this.#note('packets', choice, report, suspects);
  }

  /** Keyframes, frames and native size: a tier that looks at all clips saves the ones before it a pass. */
  async #decode(tiers: readonly MediaTier[]): Promise<void> {
    const whole = tiers.findLast((tier) => this.#isAll(this.#choose(tier)));
    const covered = tiers.filter((tier) => whole !== undefined && reaches(whole, tier));
    this.#tellPlan(tiers);
    for (const tier of tiers) {
      if (tier !== whole && covered.includes(tier)) continue;
      const isWhole = tier === whole;
      const tables = isWhole ? covered.flatMap((each) => TIER_TABLES[each]) : TIER_TABLES[tier];
      const suspects = isWhole ? NOBODY : await this.#findSuspects(tier);
      const choice = this.#choose(tier, suspects);
      const wants = this.#wants([...new Set(tables)]);
      const report = await this.#look(tier, choice, wants);
      if (wants.includes('images')) await this.#readImageHeaders(choice);
      for (const each of isWhole ? covered : []) {
        if (each === tier) continue;
        const without = { ...report, bytes: 0, decode_s: 0 };
        await this.#note(each, free(this.#choose(each)), without);
      }
      await this.#note(tier, choice, report, suspects);
    }
  }

  async #findSuspects(tier: MediaTier): Promise<ReadonlyMap<string, readonly string[]>> {
    const { rules, answers } = this.#plan;
    return findSuspects(this.#database, { rules, answers, complete: this.#complete }, tier);
  }

  /** Says before the decoding what it will take. */
  #tellPlan(tiers: readonly MediaTier[]): void {
    for (const tier of tiers) {
      const choice = this.#choose(tier);
      const clips = choice.atRandom.size.toLocaleString('en-US');
      const all = this.#order.length.toLocaleString('en-US');
      this.#progress.note(
        `plan: ${tier} of ${choice.shortBy === 0 && this.#isAll(choice) ? clips : `${clips} of ${all}`} clips${this.#isAll(choice) ? '' : ' and of suspicious ones'}, about ${choice.cost.decode_s.toFixed(0)} s of decoding; budget ${budgetText(this.#budget(tier))}`,
      );
    }
  }

  /** Images whose pixels were not looked at still have headers. */
  async #readImageHeaders(choice: Choice): Promise<void> {
    const rest = this.#candidates.filter((clip) => !isChosen(choice, clip));
    if (rest.length === 0) return;
    const media = rest.flatMap((clip) => this.#media.get(clip) ?? []);
    await this.#pass('header', media, ['images'], { bytes: null, decode_s: null });
  }

  #budget(tier: MediaTier): TierBudget {
    return { ...DEFAULT_BUDGETS[tier], ...this.#plan.budgets[tier] };
  }

  #choose(tier: MediaTier, suspects: ReadonlyMap<string, readonly string[]> = NOBODY): Choice {
    const budget = this.#budget(tier);
    const candidates = this.#candidates.map((clipId) => {
      const media = this.#media.get(clipId) ?? [];
      const costs = media.map((each) => costOf(tier, factsOf(this.#facts, each)));
      return { clipId, isSuspicious: suspects.has(clipId), cost: costs.reduce(plus, NOTHING) };
    });
    const random = sampleTarget(parseSample(budget.random), this.#order.length);
    return chooseClips(candidates, random, budget);
  }

  #isAll(choice: Choice): boolean {
    return choice.atRandom.size + choice.suspicious.size === this.#candidates.length;
  }

  async #look(
    tier: MediaTier,
    choice: Choice,
    wants: readonly EvidenceTable[],
  ): Promise<PassReport> {
    const media = this.#candidates
      .filter((clip) => isChosen(choice, clip))
      .flatMap((clip) => this.#media.get(clip) ?? []);
    return this.#pass(tier, media, wants, this.#budget(tier));
  }

  async #pass(
    tier: MediaTier,
    media: readonly Located[],
    wants: readonly EvidenceTable[],
    most: { readonly bytes: number | null; readonly decode_s: number | null },
  ): Promise<PassReport> {
    const report = await lookAtMedia(
      this.#database,
      this.#plan,
      { name: PASS_NAMES[tier], wants, tier: tier === 'packets' ? 'header' : tier, media, most },
      this.#progress,
      this.#signal,
    );
    for (const table of wants) {
      this.#cached.set(table, (this.#cached.get(table) ?? 0) + report.cached);
    }
    return report;
  }

  /** Writes down what a tier looked at, for the estimates and for people. */
  async #note(
    tier: MediaTier,
    choice: Choice,
    report: PassReport,
    suspects: ReadonlyMap<string, readonly string[]> = NOBODY,
  ): Promise<void> {
    const leftOut = new Set(report.leftOut.map((each) => each.clipId.toString()));
    const isLooked = (clip: string): boolean => isChosen(choice, clip) && !leftOut.has(clip);
    const rung = describeRung(
      { tier, asked: this.#plan.budgets[tier] ?? {}, budget: this.#budget(tier) },
      { drawn: this.#order.length, choice, suspects, leftOut, report },
    );
    this.#rungs.push(rung);
    if (this.#candidates.every(isLooked)) this.#complete.add(tier);
    if (rung.notLookedAt > 0) {
      const rows = this.#candidates.map((clip) => ({
        clip_id: clip,
        tier,
        is_suspicious: suspects.has(clip),
        is_looked_at: isLooked(clip),
      }));
      await insertRows(this.#database, 'looked_at', LOOKED_AT_COLUMNS, rows);
    }
    if (tier !== 'header') return;
    this.#candidates = this.#candidates.filter(isLooked);
    this.#complete.add(tier);
  }
}

const NOBODY: ReadonlyMap<string, readonly string[]> = new Map();
const NOTHING: Cost = { bytes: 0, decode_s: 0 };

/** The same clips, at the cost of another tier. */
function free(choice: Choice): Choice {
  return { ...choice, cost: NOTHING };
}

function plus(a: Cost, b: Cost): Cost {
  return { bytes: a.bytes + b.bytes, decode_s: a.decode_s + b.decode_s };
}

function mediaTiers(): readonly MediaTier[] {
  return TIERS.filter((tier) => tier !== 'manifest');
}

function isDecoding(tier: MediaTier): boolean {
  return reaches(tier, 'keyframes');
}

function isChosen(choice: Choice, clip: string): boolean {
  return choice.atRandom.has(clip) || choice.suspicious.has(clip);
}

/** Whether a rule's suspicion reads a table. */
function isSuspectedBy(rule: CompiledRule, table: EvidenceTable): boolean {
  return rule.suspects !== null && new RegExp(String.raw`\b${table}\.`).test(rule.suspects);
}

function byClip(located: readonly Located[]): ReadonlyMap<string, readonly Located[]> {
  const clips = new Map<string, Located[]>();
  for (const each of located) {
    const clip = each.clipId.toString();
    const media = clips.get(clip);
    if (media === undefined) clips.set(clip, [each]);
    else media.push(each);
  }
  return clips;
}

/** Drawn clips by their place within their stratum, so that every beginning holds an even share of all strata. */
async function readOrder(database: Database): Promise<readonly string[]> {
  const rows = await database.rows(
    `select clip_id::varchar as clip from sample join ledger using (clip_id)
     where clip_id in (select clip_id from sampled_clips)
     order by (row_number() over (partition by stratum order by sample_order, clip_id) - 0.5) / count(*) over (partition by stratum),
       sample_order, clip_id`,
  );
  return rows.map((row) => textOf(row['clip']));
}

/** Facts by clip and medium, from the evidence of headers and packets. */
async function readFacts(
  database: Database,
  media: ReadonlyMap<string, readonly Located[]>,
): Promise<ReadonlyMap<string, MediumFacts>> {
  const rows = await database.rows(
    `select files.clip_id::varchar || ':' || files.medium as id, files.size_bytes,
       files.magic in ('jpeg', 'png', 'webp', 'avif', 'heic', 'jxl', 'jpeg2000', 'bmp', 'tiff', 'svg') as is_image,
       containers.coded_width_px::double * containers.coded_height_px as pixels,
       containers.frame_count as frames, packets.keyframe_count as keyframes
     from files
     left join containers on containers.clip_id = files.clip_id and containers.medium = files.medium
     left join packets on packets.clip_id = files.clip_id and packets.medium = files.medium`,
  );
  const sizes = new Map(
    [...media.values()].flat().map((each) => [`${each.clipId}:${each.medium}`, each.sizeBytes]),
  );
  return new Map(
    rows.map((row) => {
      const id = textOf(row['id']);
      const frames = maybe(row['frames'], numberOf);
      const keyframes = maybe(row['keyframes'], numberOf);
      const guess = frames === null ? null : Math.ceil(frames * KEYFRAME_SHARE);
      const facts = {
        sizeBytes: maybe(row['size_bytes'], numberOf) ?? sizes.get(id) ?? 0,
        isImage: row['is_image'] === true,
        pixels: maybe(row['pixels'], numberOf),
        frames,
        keyframes: keyframes ?? guess,
      };
      return [id, facts];
    }),
  );
}

/** Keyframes among frames where no packet table tells. */
const KEYFRAME_SHARE = 0.02;

function factsOf(facts: ReadonlyMap<string, MediumFacts>, medium: Located): MediumFacts {
  return (
    facts.get(`${medium.clipId}:${medium.medium}`) ?? {
      sizeBytes: medium.sizeBytes,
      isImage: false,
      pixels: null,
      frames: null,
      keyframes: null,
    }
  );
}
