import type { RunDocument } from '../../../src/run/document.ts';
import { formatBytes, formatDatasetBytes, formatCount, formatSeconds } from '../../figures.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileLine, hostileText, markup, type Markup } from '../markup.ts';

const SHARDS_LISTED = 200;

/** What the dataset is, how its columns were understood, and what looked at it. */
export function datasetSection(run: RunDocument): Markup {
  const { dataset, tool } = run;
  const facts: readonly (readonly [string, Markup])[] = [
    ['name', hostileText(dataset.name)],
    [
      'path',
      markup`${dataset.paths.slice(0, 5).map((path) => markup`<span class="path">${hostileText(path)}</span>`)}`,
    ],
    ['format', hostileText(dataset.format)],
    ['rows', markup`${formatCount(dataset.rows)}`],
    ['shards', markup`${formatCount(dataset.shards.length)}, ${formatDatasetBytes(dataset)}`],
    [
      'media under',
      dataset.mediaRoot === null
        ? markup`–`
        : markup`<span class="path">${hostileText(dataset.mediaRoot)}</span>`,
    ],
    [
      'sample',
      markup`${hostileText(run.plan.sample.asked)}: ${formatCount(run.plan.sample.size)} of
      ${formatCount(run.plan.sample.population)}`,
    ],
    ['tier', hostileText(run.plan.tier)],
    [
      'run',
      markup`${hostileText(run.run.id)},
      ${hostileText(run.run.startedAt)}${run.run.state === 'interrupted' ? ', interrupted' : ''}`,
    ],
    [
      'tool',
      markup`dailies ${tool.version}, DuckDB ${tool.duckdb}, Node
      ${tool.node}${tool.decoder === null ? '' : `, ${tool.decoder}`}`,
    ],
  ];
  return markup`<section id="dataset" aria-labelledby="dataset-heading">
    <h2 id="dataset-heading">${PAGE_WORDS.dataset}</h2>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          markup`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${columnTable(run)}${shardTable(run)}${ladderTable(run)}${probeTable(run)}
  </section>`;
}

/** A limit of a tier, or that there is none. */
function limit(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value);
}

/** What each tier was allowed, looked at and cost. */
function ladderTable(run: RunDocument): Markup {
  const rungs = run.plan.ladder ?? [];
  if (rungs.length === 0) return markup``;
  return markup`<details>
    <summary>Tiers: how deep how many clips were looked at</summary>
    <div class="wide" tabindex="0" role="region" aria-label="Tiers">
      <table>
        <thead>
          <tr>
            <th scope="col">tier</th>
            <th scope="col" class="number">at random</th>
            <th scope="col" class="number">suspicious</th>
            <th scope="col" class="number">not looked at</th>
            <th scope="col" class="number">read</th>
            <th scope="col" class="number">of at most</th>
            <th scope="col" class="number">decoded for</th>
            <th scope="col" class="number">of at most</th>
            <th scope="col">suspicious by</th>
          </tr>
        </thead>
        <tbody>
          ${rungs.map(
            (rung) =>
              markup`<tr>
                <th scope="row">${hostileText(rung.tier)}</th>
                <td class="number">${formatCount(rung.atRandom)}</td>
                <td class="number">${formatCount(rung.suspicious)}</td>
                <td class="number">${formatCount(rung.notLookedAt)}</td>
                <td class="number">${formatBytes(rung.spent.bytes)}</td>
                <td class="number">${limit(rung.budget.bytes, formatBytes)}</td>
                <td class="number">${formatSeconds(rung.spent.decode_s)}</td>
                <td class="number">${limit(rung.budget.decode_s, formatSeconds)}</td>
                <td>${hostileLine(rung.reasons.map((each) => `${each.reason} (${each.clips})`).join(', '))}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function columnTable(run: RunDocument): Markup {
  const { columns } = run.dataset;
  if (columns.length === 0) return markup``;
  const mapped = columns.filter((column) => column.role !== null).length;
  return markup`<details>
    <summary>Columns: ${mapped} of ${columns.length} understood</summary>
    <div class="wide" tabindex="0" role="region" aria-label="Columns">
      <table>
        <thead>
          <tr>
            <th scope="col">column</th>
            <th scope="col">type</th>
            <th scope="col">read as</th>
            <th scope="col">because</th>
          </tr>
        </thead>
        <tbody>
          ${columns.slice(0, 500).map(
            (column) =>
              markup`<tr>
                <th scope="row">${hostileText(column.name.slice(0, 200))}</th>
                <td><code>${hostileText(column.type.slice(0, 200))}</code></td>
                <td>
                  ${column.role === null ? markup`<span class="faint">itself</span>` : markup`<code>${hostileText(column.role)}</code>`}
                </td>
                <td>${hostileText(column.reason)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function shardTable(run: RunDocument): Markup {
  const unreadFirst = run.dataset.shards.toSorted(
    (a, b) => Number(a.state === 'read') - Number(b.state === 'read') || a.index - b.index,
  );
  const listed = unreadFirst.slice(0, SHARDS_LISTED);
  const rest = unreadFirst.length - listed.length;
  return markup`<details>
    <summary>Shards: ${formatCount(run.dataset.shards.length)}</summary>
    <div class="wide" tabindex="0" role="region" aria-label="Shards">
      <table>
        <thead>
          <tr>
            <th scope="col">shard</th>
            <th scope="col" class="number">rows</th>
            <th scope="col" class="number">size</th>
            <th scope="col">state</th>
          </tr>
        </thead>
        <tbody>
          ${listed.map(
            (shard) =>
              markup`<tr>
                <th scope="row">${hostileText(shard.name.slice(0, 300))}</th>
                <td class="number">${formatCount(shard.rows)}</td>
                <td class="number">${formatBytes(shard.bytes)}</td>
                <td>
                  ${shard.state}${shard.error === null ? null : markup`: ${hostileLine(shard.error)}`}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${rest > 0 ? markup`<p class="faint">${formatCount(rest)} more in run.json.</p>` : null}
  </details>`;
}

function probeTable(run: RunDocument): Markup {
  if (run.probes.length === 0) return markup``;
  const seconds = Object.entries(run.timings);
  return markup`<details>
    <summary>Probes and timings</summary>
    <div class="wide" tabindex="0" role="region" aria-label="Probes">
      <table>
        <thead>
          <tr>
            <th scope="col">probe</th>
            <th scope="col" class="number">planned</th>
            <th scope="col" class="number">measured</th>
            <th scope="col" class="number">failed</th>
            <th scope="col" class="number">unreachable</th>
            <th scope="col" class="number">from cache</th>
            <th scope="col" class="number">read</th>
          </tr>
        </thead>
        <tbody>
          ${run.probes.map(
            (probe) =>
              markup`<tr>
                <th scope="row">${probe.table}</th>
                <td class="number">${formatCount(probe.planned)}</td>
                <td class="number">${formatCount(probe.ok)}</td>
                <td class="number">${formatCount(probe.bad)}</td>
                <td class="number">${formatCount(probe.unreachable)}</td>
                <td class="number">${formatCount(probe.cached)}</td>
                <td class="number">${formatBytes(probe.bytesRead)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      seconds.length === 0
        ? null
        : markup`<p class="faint">
            ${seconds.map(([stage, time_s]) => `${stage} ${formatSeconds(time_s)}`).join(' · ')}
          </p>`
    }
  </details>`;
}

/** A command line, quoted for a POSIX shell. */
export function reproduceCommand(command: readonly string[]): Markup {
  return markup`<pre class="command" tabindex="0" aria-label="Command"><code>${hostileText(command.map(quoteArgument).join(' '))}</code></pre>`;
}

function quoteArgument(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
