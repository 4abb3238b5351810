import { version as duckdbVersion } from '@duckdb/node-api';

import type { OpenDataset } from '../dataset/opened-dataset.ts';
import type { StorageCoverage } from '../dataset/storage-checks.ts';
import { decideVerdict, interruptedVerdict, listNotLookedAt } from '../judge/verdict.ts';
import { listSkipped, type Rung } from '../ladder/rung.ts';
import type { SelectedDecoder } from '../media/decoders/decode-frames.ts';
import { VERSION } from '../package-root.ts';
import {
  describeDataset,
  namelessRows,
  unopenedMedia,
  unsummedPages,
} from '../run/describe-dataset.ts';
import type { RunDocument } from '../run/document.ts';
import { samplePromise } from '../sampling/draw-sample.ts';
import type { ScanRequest } from './scan-request.ts';

/** What a run has learnt so far: all of `run.json` follows from it. */
type RunFacts = {
  readonly state: RunDocument['run']['state'];
  readonly id: string;
  readonly startedAt: string;
  readonly request: ScanRequest;
  readonly ruleCount: number;
  /** Null: it was never opened. */
  readonly dataset: OpenDataset | null;
  readonly decoder: SelectedDecoder | null;
  readonly rows: number;
  readonly sampleSize: number;
  readonly rungs: readonly Rung[];
  readonly coverage: StorageCoverage | null;
} & Pick<RunDocument, 'probes' | 'rules' | 'timings'> & {
    readonly [name in 'unreachable' | 'alignment' | 'baseline' | 'suppressions']: NonNullable<
      RunDocument[name]
    > | null;
  };

/** The document of a run, whole or interrupted. */
export function composeDocument(facts: RunFacts): RunDocument {
  const { state, request, dataset, decoder, rows, rules, unreachable, suppressions } = facts;
  const { config } = request;
  const sample = { size: facts.sampleSize, population: rows };
  return {
    schemaVersion: 1,
    tool: {
      name: 'dailies',
      version: VERSION,
      node: process.version,
      duckdb: duckdbVersion(),
      decoder: decoder?.ok === true ? `${decoder.name} ${decoder.version}` : null,
    },
    run: {
      id: facts.id,
      state,
      startedAt: facts.startedAt,
      command: request.command,
      seed: config.seed,
    },
    dataset: describeDataset(dataset, config, rows, request.cwd),
    plan: {
      sample: {
        asked: config.sample,
        ...sample,
        promise: samplePromise(sample.size, sample.population),
      },
      tier: config.tier,
      rules: facts.ruleCount,
      ladder: facts.rungs,
    },
    verdict:
      state === 'complete'
        ? decideVerdict(
            rules,
            rows,
            config.gate,
            suppressions?.entries ?? [],
            unreachable ?? undefined,
          )
        : interruptedVerdict(rules, rows, config.gate),
    rules,
    notLookedAt: [
      ...listNotLookedAt(
        rules,
        dataset?.shards ?? [],
        (dataset?.mediaColumns.length ?? 0) > 0 && config.tier !== 'manifest' ? sample : null,
        unreachable ?? undefined,
      ),
      ...unopenedMedia(dataset, config.tier),
      ...namelessRows(dataset),
      ...listSkipped(facts.rungs),
      ...unsummedPages(facts.coverage),
    ],
    ...(unreachable === null ? {} : { unreachable }),
    probes: [...facts.probes],
    ...(facts.alignment === null ? {} : { alignment: facts.alignment }),
    ...(facts.baseline === null ? {} : { baseline: facts.baseline }),
    ...(suppressions === null ? {} : { suppressions }),
    timings: facts.timings,
  };
}
