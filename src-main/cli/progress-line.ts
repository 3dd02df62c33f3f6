import { formatCount, formatEta, formatRate } from '../../src-shared/base/units';
import type { OnProgress, Progress } from '../../src-shared/contract/progress';
import { advanceRate, etaSeconds, type RateState } from '../../src-shared/contract/progress-rate';
import { oneLine } from './output';
import { textWidth } from './text-width';

const BAR_CELLS = 24;
/** Default width, also for terminals that report a width of 0, such as pseudo-terminals without a window. */
const DEFAULT_COLUMNS = 80;
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 2_000;
const ERASE_LINE = '\r\u001b[2K';

/** The part of a stream that the writer needs: process.stderr, or a fake in tests. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressLineOptions {
  readonly stream: ProgressStream;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export interface ProgressLine {
  readonly onProgress: OnProgress;
  /** Ends the line: removes the bar on a terminal; otherwise writes the last state if it was not written yet. */
  readonly finish: () => void;
  /** Writes a message above the bar. */
  readonly message: (text: string) => void;
}

/** `█████▌      `, BAR_CELLS wide, in eighths of a cell. */
export function progressBar(fraction: number, cells = BAR_CELLS): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * cells * 8);
  const full = Math.floor(eighths / 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return ('█'.repeat(full) + part).padEnd(cells, ' ');
}

/** `212/400 images  38.2 images/s  5 s left`; unknown parts are left out. */
export function progressFacts(progress: Progress, rate: RateState): string {
  const isDone = progress.total > 0 && progress.done >= progress.total;
  const total = progress.total > 0 ? `/${formatCount(progress.total)}` : '';
  const facts = [`${formatCount(progress.done)}${total} ${progress.unit}`];
  if (rate.perSecond !== null && rate.perSecond > 0) facts.push(formatRate(rate.perSecond, progress.unit));
  const eta = etaSeconds(rate, progress);
  if (eta !== null && !isDone) facts.push(formatEta(eta));
  return facts.join('  ');
}

/** One line for a terminal of `columns` cells. If there is not enough space, the bar is left out first. */
export function terminalLine(progress: Progress, rate: RateState, columns: number): string {
  const facts = progressFacts(progress, rate);
  const full =
    progress.total > 0
      ? `${progress.phase}  ▕${progressBar(progress.done / progress.total)}▏  ${facts}`
      : `${progress.phase}  ${facts}`;
  if (textWidth(full) < columns) return full;
  return clip(`${progress.phase}  ${facts}`, columns - 1);
}

function clip(text: string, columns: number): string {
  let clipped = text;
  while (textWidth(clipped) > columns && clipped.length > 0) clipped = clipped.slice(0, -1);
  return clipped;
}

/**
 * Shows progress on a stream, usually stderr: one redrawn line on a terminal (at most ten times a second), plain lines
 * elsewhere (at the start of a phase, at its end, and every two seconds between).
 */
export function createProgressLine({ stream, now = () => performance.now() }: ProgressLineOptions): ProgressLine {
  const isTerminal = stream.isTTY === true;
  let rate: RateState | null = null;
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  let written = '';
  let latest: Progress | null = null;

  const write = (progress: Progress, state: RateState, nowMs: number): void => {
    const text = isTerminal
      ? terminalLine(progress, state, stream.columns || DEFAULT_COLUMNS)
      : `${progress.phase}: ${progressFacts(progress, state)}`;
    if (text === written) return;
    stream.write(isTerminal ? `${ERASE_LINE}${text}` : `${text}\n`);
    written = text;
    writtenAtMs = nowMs;
  };

  const onProgress = (reported: Progress): void => {
    const progress = { ...reported, phase: oneLine(reported.phase) };
    const nowMs = now();
    const isNewPhase = rate !== null && rate.phase !== progress.phase;
    if (isNewPhase) finishPhase(nowMs);
    rate = advanceRate(rate, progress, nowMs);
    latest = progress;
    const isComplete = progress.total > 0 && progress.done >= progress.total;
    const due = nowMs - writtenAtMs >= (isTerminal ? REDRAW_MS : PLAIN_LINE_MS);
    if (due || isNewPhase || isComplete) write(progress, rate, nowMs);
  };

  const finishPhase = (nowMs: number): void => {
    if (latest !== null && rate !== null && !isTerminal) write(latest, rate, nowMs);
  };

  const clear = (): void => {
    if (isTerminal && written !== '') stream.write(ERASE_LINE);
    written = '';
  };

  return {
    onProgress,
    finish: () => {
      finishPhase(now());
      clear();
      latest = null;
      rate = null;
      writtenAtMs = Number.NEGATIVE_INFINITY;
    },
    message: (text) => {
      const line = isTerminal ? written : '';
      if (line !== '') stream.write(ERASE_LINE);
      stream.write(`${oneLine(text)}\n`);
      if (line !== '') stream.write(line);
    },
  };
}
