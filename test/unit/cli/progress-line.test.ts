import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { createProgressLine, progressBar, terminalLine } from '../../../src-main/cli/progress-line';

function fake(isTTY: boolean, columns = 100) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const line = createProgressLine({
    stream: { isTTY, columns, write: (text) => written.push(text) },
    now: () => clock.ms,
  });
  const report = (ms: number, done: number, phase = 'collecting histograms', total = 400): void => {
    clock.ms = ms;
    line.onProgress({ phase, done, total, unit: 'images' });
  };
  return { line, written, report };
}

describe('plain lines', () => {
  it('writes at the start, at most every two seconds, and at the end', () => {
    const { written, report } = fake(false);
    for (let ms = 0; ms <= 10_000; ms += 100) report(ms, ms / 25);
    expect(written).toHaveLength(6);
    expect(written[0]).toBe('collecting histograms: 0/400 images\n');
    expect(written[1]).toBe('collecting histograms: 80/400 images  40.0 images/s  8 s left\n');
    expect(written.at(-1)).toBe('collecting histograms: 400/400 images  40.0 images/s\n');
  });

  it('ends a phase with its last state and starts the next at once', () => {
    const { written, report } = fake(false);
    report(0, 0);
    report(100, 6);
    report(500, 30);
    report(600, 0, 'building', 0);
    expect(written).toEqual([
      'collecting histograms: 0/400 images\n',
      'collecting histograms: 30/400 images  60.0 images/s  7 s left\n',
      'building: 0 images\n',
    ]);
  });

  it('does not repeat a line at the end', () => {
    const { line, written, report } = fake(false);
    report(0, 0);
    report(5_000, 400);
    line.finish();
    expect(written).toHaveLength(2);
  });

  it('holds no escape sequence', () => {
    const { line, written, report } = fake(false);
    report(0, 0);
    line.message('one image was skipped');
    line.finish();
    expect(written.join('')).not.toContain('\u001b');
  });
});

describe('terminal line', () => {
  it('redraws one line at most ten times a second and removes it at the end', () => {
    const { line, written, report } = fake(true);
    for (let ms = 0; ms < 1_000; ms += 10) report(ms, ms / 10);
    expect(written).toHaveLength(10);
    expect(written.every((text) => text.startsWith('\r\u001b[2K') && !text.includes('\n'))).toBe(true);
    line.finish();
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });

  it('takes 80 columns where the terminal says 0', () => {
    const { written, report } = fake(true, 0);
    report(0, 40);
    expect(written[0]).toContain('40/400 images');
  });

  it('puts a message above the bar and draws the bar again', () => {
    const { line, written, report } = fake(true);
    report(0, 0);
    const bar = (written[0] ?? '').replace('\r\u001b[2K', '');
    line.message('skipped a.png');
    expect(written.slice(1)).toEqual(['\r\u001b[2K', 'skipped a.png\n', bar]);
  });

  it('never fills more than the terminal', () => {
    const progress = { phase: 'collecting histograms', done: 212, total: 400, unit: 'images' };
    const rate = { phase: progress.phase, atMs: 0, done: 212, perSecond: 38.2 };
    expect(terminalLine(progress, rate, 100)).toBe(
      `collecting histograms  ▕${progressBar(0.53)}▏  212/400 images  38.2 images/s  5 s left`,
    );
    for (const columns of [10, 40, 60, 80])
      expect(stringWidth(terminalLine(progress, rate, columns))).toBeLessThan(columns);
  });
});

describe('progressBar', () => {
  it('is as wide as asked, in eighths, and stays within its ends', () => {
    expect(progressBar(0, 4)).toBe('    ');
    expect(progressBar(0.53125, 4)).toBe('██▏ ');
    expect(progressBar(1, 4)).toBe('████');
    expect(progressBar(7, 4)).toBe('████');
    expect(progressBar(-1, 4)).toBe('    ');
  });
});
