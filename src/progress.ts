/** Somewhere to write text for people: a standard stream, or a list in a test. */
export type TextSink = {
  readonly write: (text: string) => void;
  readonly isTty: boolean;
  /** Width in characters; 80 if unknown. */
  readonly columns: number;
};

/** A piece of work that is under way. */
export type ProgressStage = {
  /** Steps done since the last call, 1 if not said. */
  readonly advance: (steps?: number) => void;
  readonly done: () => void;
};

/** What a run tells of its advance. Stages follow one another: starting one ends the one before. */
export type Progress = {
  /** Starts a stage of `total` steps; left out if nobody knows how many. */
  readonly stage: (name: string, total?: number) => ProgressStage;
  /** A line that stays on the screen. */
  readonly note: (line: string) => void;
};

/** Progress that says nothing: for `--quiet` and for the library. */
export const SILENT: Progress = {
  stage: () => ({ advance: () => {}, done: () => {} }),
  note: () => {},
};

/** Shortest time between two drawings: on a terminal, and in a log. */
const REDRAW_MS = { tty: 100, plain: 5_000 };

type Stage = {
  readonly name: string;
  readonly total: number | null;
  readonly startedMs: number;
  steps: number;
};

/** Draws one line in place on a terminal, and a plain line every few seconds elsewhere. `now` is in milliseconds. */
export function createProgress(sink: TextSink, now: () => number = Date.now): Progress {
  let current: Stage | null = null;
  let drawnMs = -Infinity;

  const clear = (): void => {
    if (sink.isTty) sink.write('\r\u001B[2K');
  };
  const end = (stage: Stage | null): void => {
    if (stage === null || stage !== current) return;
    clear();
    sink.write(`${summaryLine(stage, now())}\n`);
    current = null;
  };
  const draw = (stage: Stage): void => {
    const nowMs = now();
    if (nowMs - drawnMs < (sink.isTty ? REDRAW_MS.tty : REDRAW_MS.plain)) return;
    drawnMs = nowMs;
    clear();
    const line = progressLine(stage, nowMs);
    sink.write(sink.isTty ? line.slice(0, Math.max(10, sink.columns - 1)) : `${line}\n`);
  };
  return {
    stage(name, total) {
      end(current);
      const stage: Stage = { name, total: total ?? null, startedMs: now(), steps: 0 };
      current = stage;
      drawnMs = sink.isTty ? -Infinity : stage.startedMs;
      if (sink.isTty) draw(stage);
      return {
        advance(steps = 1) {
          stage.steps += steps;
          if (stage === current) draw(stage);
        },
        done() {
          end(stage);
        },
      };
    },
    note(line) {
      clear();
      sink.write(`${line}\n`);
      if (sink.isTty) drawnMs = -Infinity;
    },
  };
}

/** `decode frames  1,204 of 3,000  40 %  12/s  2 min left` */
function progressLine(stage: Stage, nowMs: number): string {
  const seconds = (nowMs - stage.startedMs) / 1_000;
  const rate = seconds > 0 ? stage.steps / seconds : 0;
  const parts = [
    stage.name,
    `${count(stage.steps)}${stage.total === null ? '' : ` of ${count(stage.total)}`}`,
  ];
  if (stage.total !== null && stage.total > 0) {
    parts.push(`${Math.floor((Math.min(stage.steps, stage.total) / stage.total) * 100)} %`);
  }
  if (rate > 0) parts.push(`${rateText(rate)}/s`);
  if (stage.total !== null && rate > 0 && stage.steps < stage.total) {
    parts.push(`${duration((stage.total - stage.steps) / rate)} left`);
  }
  return parts.join('  ');
}

/** `decode frames: 3,000 in 4.1 s (731/s)` */
function summaryLine(stage: Stage, nowMs: number): string {
  const seconds = (nowMs - stage.startedMs) / 1_000;
  const done = stage.steps > 0 ? `${count(stage.steps)} in ` : '';
  const rate = stage.steps > 0 && seconds > 0 ? ` (${rateText(stage.steps / seconds)}/s)` : '';
  return `${stage.name}: ${done}${duration(seconds)}${rate}`;
}

function rateText(rate: number): string {
  return rate >= 10 ? count(Math.round(rate)) : rate.toFixed(1);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Seconds for people: `4.1 s`, `42 s`, `12 min`, `3 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
