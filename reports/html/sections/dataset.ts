import type { RunDocument } from '../../../src/run/document.ts';
import { formatBytes, formatCount, formatSeconds } from '../../figures.ts';
import { PAGE_WORDS } from '../../words.ts';
import { hostileLine, hostileText, html, type Markup } from '../markup.ts';

const SHARDS_LISTED = 200;

/** What the dataset is, how its columns were understood, and what looked at it. */
export function datasetSection(run: RunDocument): Markup {
  const { dataset, tool } = run;
  const facts: readonly (readonly [string, Markup])[] = [
    ['name', hostileText(dataset.name)],
    [
      'path',
      html`${dataset.paths.slice(0, 5).map((path) => html`<span class="path">${hostileText(path)}</span>`)}`,
    ],
    ['format', hostileText(dataset.format)],
    ['rows', html`${formatCount(dataset.rows)}`],
    ['shards', html`${formatCount(dataset.shards.length)}, ${formatBytes(dataset.bytes)}`],
    [
      'media under',
      dataset.mediaRoot === null
        ? html`–`
        : html`<span class="path">${hostileText(dataset.mediaRoot)}</span>`,
    ],
    [
      'sample',
      html`${hostileText(run.plan.sample.asked)}: ${formatCount(run.plan.sample.size)} of
      ${formatCount(run.plan.sample.population)}`,
    ],
    ['tier', hostileText(run.plan.tier)],
    [
      'run',
      html`${hostileText(run.run.id)},
      ${hostileText(run.run.startedAt)}${run.run.state === 'interrupted' ? ', interrupted' : ''}`,
    ],
    [
      'tool',
      html`dailies ${tool.version}, DuckDB ${tool.duckdb}, Node
      ${tool.node}${tool.decoder === null ? '' : `, ${tool.decoder}`}`,
    ],
  ];
  return html`<section id="dataset" aria-labelledby="dataset-heading">
    <h2 id="dataset-heading">${PAGE_WORDS.dataset}</h2>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${columnTable(run)}${shardTable(run)}${probeTable(run)}
  </section>`;
}

function columnTable(run: RunDocument): Markup {
  const { columns } = run.dataset;
  if (columns.length === 0) return html``;
  const mapped = columns.filter((column) => column.role !== null).length;
  return html`<details>
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
              html`<tr>
                <th scope="row">${hostileText(column.name.slice(0, 200))}</th>
                <td><code>${hostileText(column.type.slice(0, 200))}</code></td>
                <td>
                  ${column.role === null ? html`<span class="faint">itself</span>` : html`<code>${hostileText(column.role)}</code>`}
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
  return html`<details>
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
              html`<tr>
                <th scope="row">${hostileText(shard.name.slice(0, 300))}</th>
                <td class="number">${formatCount(shard.rows)}</td>
                <td class="number">${formatBytes(shard.bytes)}</td>
                <td>
                  ${shard.state}${shard.error === null ? null : html`: ${hostileLine(shard.error)}`}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${rest > 0 ? html`<p class="faint">${formatCount(rest)} more in run.json.</p>` : null}
  </details>`;
}

function probeTable(run: RunDocument): Markup {
  if (run.probes.length === 0) return html``;
  const seconds = Object.entries(run.timings);
  return html`<details>
    <summary>Probes and timings</summary>
    <div class="wide" tabindex="0" role="region" aria-label="Probes">
      <table>
        <thead>
          <tr>
            <th scope="col">probe</th>
            <th scope="col" class="number">planned</th>
            <th scope="col" class="number">measured</th>
            <th scope="col" class="number">failed</th>
            <th scope="col" class="number">from cache</th>
            <th scope="col" class="number">read</th>
          </tr>
        </thead>
        <tbody>
          ${run.probes.map(
            (probe) =>
              html`<tr>
                <th scope="row">${probe.table}</th>
                <td class="number">${formatCount(probe.planned)}</td>
                <td class="number">${formatCount(probe.ok)}</td>
                <td class="number">${formatCount(probe.bad)}</td>
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
        : html`<p class="faint">
            ${seconds.map(([stage, time_s]) => `${stage} ${formatSeconds(time_s)}`).join(' · ')}
          </p>`
    }
  </details>`;
}

/** The command that makes this run again. */
export function reproduceSection(run: RunDocument): Markup {
  const command = run.run.command.map(quoteArgument).join(' ');
  return html`<section id="reproduce" aria-labelledby="reproduce-heading">
    <h2 id="reproduce-heading">${PAGE_WORDS.reproduce}</h2>
    <pre
      class="command"
      tabindex="0"
      aria-label="Command"
    ><code>${hostileText(command)}</code></pre>
    <p class="faint fine">
      Seed ${hostileText(run.run.seed)}: the same rows are drawn again, in every version of the
      dataset.
    </p>
  </section>`;
}

function quoteArgument(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
