import { describe, expect, it } from 'vitest';
import { answerSentence, answersOf } from '../../../../src-shared/domain/runs/questions';

const row = (variant: string, latencyMs?: number, top1?: number) => ({
  variant,
  ...(latencyMs === undefined ? {} : { latencyMs }),
  ...(top1 === undefined ? {} : { measure: { name: 'top-1', value: top1, higherIsBetter: true } }),
});
const ON = { device: 'GPU with TensorRT 10.6', batch: 16 };

describe('answersOf', () => {
  it('compares a question with the fastest variant that is none, and says what was not measured', () => {
    const rows = [row('fp32', 4, 90), row('fp16', 1), row('int8', 1.2), row('fp8', 1.45, 89.5), row('w4', 0.1)];
    const [fp8, w4] = answersOf(rows, [], ON);
    expect(fp8).toMatchObject({ variant: 'fp8', kind: 'slower', against: { variant: 'fp16', latencyMs: 1 } });
    expect(fp8 && answerSentence(fp8)).toBe(
      'fp8 does not pay here: 1.45 ms at batch 16 on GPU with TensorRT 10.6, 1.45x slower than fp16 (1.00 ms). ' +
        'Top-1 89.50 %, −0.50 pp against fp32. Other batch sizes and devices were not measured.',
    );
    expect(w4).toMatchObject({ kind: 'pays', cost: null });
    expect(w4 && answerSentence(w4)).toContain('10x faster than fp16 (1.00 ms). Its accuracy was not measured.');
  });

  it('calls a difference below 1 % none', () => {
    expect(answersOf([row('fp16', 1), row('fp8', 0.995)], [], ON)).toMatchObject([{ kind: 'equal' }]);
  });

  it('sees no difference where the rounds of both overlap', () => {
    const timed = (variant: string, latencyMs: number, [p10, median, p90]: readonly [number, number, number]) => ({
      ...row(variant, latencyMs),
      ratioToFp32: { median, p10, p90 },
    });
    const usual = [row('fp32', 4), timed('fp16', 1, [0.24, 0.25, 0.28])];
    expect(answersOf([...usual, timed('fp8', 0.8, [0.15, 0.2, 0.26])], [], ON)).toMatchObject([{ kind: 'equal' }]);
    expect(answersOf([...usual, timed('fp8', 0.8, [0.18, 0.2, 0.22])], [], ON)).toMatchObject([
      { kind: 'pays', speed: { kind: 'faster', factor: 1.25 } },
    ]);
    expect(answersOf([row('fp32', 4), timed('w4', 3.9, [0.8, 0.97, 1.2])], [], ON)).toMatchObject([{ kind: 'equal' }]);
  });

  it('compares a pruned copy with its original, too', () => {
    const rows = [
      row('fp32', 4, 90),
      row('fp16', 1),
      row('int8', 0.8, 89),
      row('fp16-sparse', 0.9),
      row('int8-sparse', 0.7, 60),
    ];
    const [fp16, int8] = answersOf(rows, [], ON).map(answerSentence);
    expect(fp16).toContain('does not pay here: 0.900 ms at batch 16');
    expect(fp16).toContain('1.13x slower than int8 (0.800 ms), and 1.11x faster than fp16. Its accuracy');
    expect(int8).toContain('would pay here');
    expect(int8).toContain('Top-1 60.00 %, −29.00 pp against int8.');
  });

  it('names what was refused, and what was judged without being timed', () => {
    const refused = [
      { variant: 'fp8', code: 'no-kernels', reason: 'there are no kernels' },
      { variant: 'w4', code: 'no-layers', reason: 'no layer qualifies' },
    ];
    expect(answersOf([row('fp32', 1, 90), row('fp8', undefined, 89)], refused, ON).map(answerSentence)).toEqual([
      'fp8 was judged, but not timed: there are no kernels. Top-1 89.00 %, −1.00 pp against fp32.',
      'w4 was not measured: no layer qualifies.',
    ]);
  });
});
