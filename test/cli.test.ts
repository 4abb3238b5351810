import { describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { type Actions, runCommandLine } from '../src/commands/program.ts';
import { wantsColor } from '../src/commands/command-context.ts';
import { applyScanFlags, parseOutputs, type ScanFlags } from '../src/commands/scan-flags.ts';
import { DailiesError, type FailureCode } from '../src/dailies-error.ts';
import { createProgress, duration, type TextSink } from '../src/progress.ts';

/** A standard stream that keeps what it is told. */
function recordingSink(isTty = false, columns = 80): TextSink & { readonly text: () => string } {
  const written: string[] = [];
  return {
    write: (text) => {
      written.push(text);
    },
    isTty,
    columns,
    text: () => written.join(''),
  };
}

async function idle(): Promise<number> {
  return 0;
}

/** A command that fails. */
function failing(error: Error): Actions['scan'] {
  return async () => {
    throw error;
  };
}

/** Runs a command line whose commands do what is given, and nothing else. */
async function run(
  args: readonly string[],
  commands: Partial<Actions> = {},
  env: Record<string, string> = {},
  signal = new AbortController().signal,
) {
  const stdout = recordingSink();
  const stderr = recordingSink();
  const exitCode = await runCommandLine(
    args,
    {
      scan: idle,
      diff: idle,
      report: idle,
      serve: idle,
      rules: idle,
      init: idle,
      worker: idle,
      ...commands,
    },
    { cwd: '/somewhere', env, stdout, stderr, signal },
    '1.2.3',
  );
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

describe('command line', () => {
  it('prints its version and its help on stdout and ends well', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
    const help = await run(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('Examples:');
  });

  it.each(['scan', 'diff', 'report', 'serve', 'rules', 'init', 'worker'])(
    'gives examples in the help of %s',
    async (command) => {
      const help = await run([command, '--help']);
      expect(help).toMatchObject({ exitCode: 0, stderr: '' });
      expect(help.stdout).toMatch(new RegExp(`Examples:\\n  \\$ dailies ${command}`));
    },
  );

  it.each([
    [['scna'], `error: unknown command 'scna'\nhint: did you mean scan?\n`],
    [
      ['scan', '--smaple', '5%'],
      `error: unknown option '--smaple'\nhint: did you mean --sample?\n`,
    ],
    [['scan', '--wat'], `error: unknown option '--wat'\nhint: run 'dailies --help'\n`],
    [['init'], `error: missing required argument 'dataset'\nhint: run 'dailies --help'\n`],
    [
      ['scan', 'x', '--tier', 'deep'],
      `error: option '--tier <tier>' argument 'deep' is invalid. Allowed choices are manifest, header, packets, keyframes, frames, full, headers.\nhint: run 'dailies --help'\n`,
    ],
    [
      ['scan', 'x', '--workers', '0'],
      `error: option '--workers <n>' argument '0' is invalid. It is a whole number from 1 to 1024.\nhint: run 'dailies --help'\n`,
    ],
    [
      ['scan', 'x', '--sample', 'some'],
      `error: a sample is a number of clips, a percentage or all, not 'some'\nhint: for example '3000', '5%' or 'all'\n`,
    ],
  ])('answers %j with exit code 2 and a hint', async (args, stderr) => {
    expect(await run(args)).toEqual({ exitCode: 2, stdout: '', stderr });
  });

  it('shows its help and ends with 2 where no command is given', async () => {
    const { exitCode, stderr } = await run([]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Usage: dailies');
  });

  it.each([0, 1, 3])('ends with the exit code %i of the command', async (code) => {
    expect(await run(['scan', 'x'], { scan: async () => code })).toMatchObject({ exitCode: code });
  });

  it.each<[FailureCode, number]>([
    ['usage', 2],
    ['config', 2],
    ['dataset', 2],
    ['engine', 3],
    ['interrupted', 130],
  ])(
    'ends a failure of the kind %s with %i, and tells what and what to do',
    async (code, exitCode) => {
      const scan = async (): Promise<number> => {
        throw new DailiesError(code, 'it broke', { hint: 'mend it' });
      };
      expect(await run(['scan', 'x'], { scan })).toEqual({
        exitCode,
        stdout: '',
        stderr: 'error: it broke\nhint: mend it\n',
      });
    },
  );

  it('never shows a stack trace, unless asked', async () => {
    const scan = failing(
      new TypeError('undefined is no function', { cause: new Error('the deeper reason') }),
    );
    const quiet = await run(['scan', 'x'], { scan });
    expect(quiet.exitCode).toBe(3);
    expect(quiet.stderr).not.toContain('    at ');
    expect(quiet.stderr).toContain('DAILIES_DEBUG=1');
    const loud = await run(['scan', 'x'], { scan }, { DAILIES_DEBUG: '1' });
    expect(loud.stderr).toContain('    at ');
    expect(loud.stderr).toContain('the deeper reason');
  });

  it('calls whatever breaks after Ctrl-C an interruption', async () => {
    const scan = failing(new Error('INTERRUPT Error: Interrupted!'));
    const interrupted = await run(['scan', 'x'], { scan }, {}, AbortSignal.abort());
    expect(interrupted.exitCode).toBe(130);
    expect(interrupted.stderr).toMatch(/^error: interrupted\nhint: /);
  });

  it('spells out the control characters of a hostile argument', async () => {
    const { stderr } = await run(['scan', '--\u001B[31m']);
    expect(stderr).not.toContain('\u001B');
  });
});

/** The configuration that a command line makes of the defaults. */
async function configOf(args: readonly string[], base = DEFAULT_CONFIG) {
  let config = base;
  const outcome = await run(['scan', ...args], {
    scan: async (paths: readonly string[], flags: ScanFlags) => {
      config = applyScanFlags(base, paths, flags, '/somewhere', ['caption', 'path']);
      return 0;
    },
  });
  return { ...outcome, config };
}

describe('flags of scan', () => {
  it('change nothing where none is given', async () => {
    const { config, exitCode } = await configOf(['a.parquet']);
    expect(exitCode).toBe(0);
    expect(config).toEqual({ ...DEFAULT_CONFIG, dataset: ['/somewhere/a.parquet'] });
  });

  it('win over the configuration, and add to its lists', async () => {
    const base = {
      ...DEFAULT_CONFIG,
      dataset: ['/data/old'],
      columns: { path: ['file'] },
      rules: { ...DEFAULT_CONFIG.rules, ignore: ['tiny-files'] },
      output: { html: '/out/a.html' },
    };
    const { config } = await configOf(
      'b c --columns caption=text,alt --columns path= --media-root m --sample 7 --seed z --tier headers --decoder ffmpeg --workers 2 --rules r1 --rules r2 --select a,b --select c --ignore d --fail-on note --allow-incomplete --output json=o.json --memory-limit 1GB --temp-dir t --cache-dir k'.split(
        ' ',
      ),
      base,
    );
    expect(config).toEqual({
      ...base,
      dataset: ['/somewhere/b', '/somewhere/c'],
      columns: { caption: ['text', 'alt'], path: [] },
      mediaRoot: '/somewhere/m',
      sample: '7',
      seed: 'z',
      tier: 'packets',
      decoder: 'ffmpeg',
      workers: 2,
      memoryLimit: '1GB',
      tempDirectory: '/somewhere/t',
      cacheDirectory: '/somewhere/k',
      rules: {
        ...base.rules,
        dirs: ['/somewhere/r1', '/somewhere/r2'],
        select: ['a', 'b', 'c'],
        ignore: ['tiny-files', 'd'],
      },
      gate: { ...base.gate, failOn: 'note', allowIncomplete: true },
      output: { html: '/out/a.html', json: '/somewhere/o.json' },
    });
  });

  it.each([
    [[], 'no dataset given'],
    [['x', '--columns', 'captoin=text'], `unknown column 'captoin'; did you mean 'caption'?`],
    [['x', '--columns', 'caption'], `no '='`],
    [['x', '--output', 'htlm=a'], `unknown format 'htlm'; did you mean 'html'?`],
    [['x', '--output', 'html'], 'no file named'],
    [['x', '--memory-limit', 'lots'], 'such as 2GB'],
  ])('refuse %j', async (args, message) => {
    const { exitCode, stderr } = await configOf(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  it('read several outputs', () => {
    expect(parseOutputs(['html=a=b.html', 'text=/t'], '/w')).toEqual({
      html: '/w/a=b.html',
      text: '/t',
    });
  });
});

describe('colours', () => {
  it.each([
    [true, {}, true, true],
    [false, {}, true, false],
    [true, { NO_COLOR: '1' }, true, false],
    [true, { NO_COLOR: '' }, true, true],
    [true, { TERM: 'dumb' }, true, false],
    [true, {}, false, false],
  ])('on a terminal: %j, environment: %j, flag: %j', (isTty, env, flag, wanted) => {
    const sink = recordingSink(isTty);
    const context = {
      cwd: '/',
      env,
      stdout: sink,
      stderr: sink,
      signal: new AbortController().signal,
    };
    expect(wantsColor(context, sink, flag)).toBe(wanted);
  });
});

describe('progress', () => {
  it('redraws one line on a terminal, with rate and time left, within its width', () => {
    let nowMs = 0;
    const sink = recordingSink(true, 40);
    const stage = createProgress(sink, () => nowMs).stage('decode frames', 3_000);
    for (nowMs = 50; nowMs <= 1_000; nowMs += 50) stage.advance(50);
    expect(sink.text().split('\r\u001B[2K').at(-1)).toBe('decode frames  1,000 of 3,000  33 %  1,');
    stage.done();
    expect(sink.text().endsWith('\r\u001B[2Kdecode frames: 1,000 in 1.1 s (952/s)\n')).toBe(true);
  });

  it('writes a plain line every five seconds elsewhere', () => {
    let nowMs = 0;
    const sink = recordingSink();
    const progress = createProgress(sink, () => nowMs);
    const stage = progress.stage('read', 100);
    for (nowMs = 1_000; nowMs <= 12_000; nowMs += 1_000) stage.advance();
    progress.note('a note');
    stage.done();
    stage.done();
    expect(sink.text()).toBe(
      'read  5 of 100  5 %  1.0/s  95 s left\n' +
        'read  10 of 100  10 %  1.0/s  90 s left\n' +
        'a note\n' +
        'read: 12 in 13 s (0.9/s)\n',
    );
  });

  it('ends a stage when the next one starts, and a stage of unknown length has no share', () => {
    const sink = recordingSink();
    const progress = createProgress(sink, () => 0);
    const first = progress.stage('open');
    progress.stage('judge').done();
    first.advance();
    first.done();
    expect(sink.text()).toBe('open: 0.0 s\njudge: 0.0 s\n');
  });

  it.each([
    [0.04, '0.0 s'],
    [9.9, '9.9 s'],
    [9.96, '10 s'],
    [99.4, '99 s'],
    [100, '2 min'],
    [7_500, '2 h 5 min'],
  ])('says %d seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
