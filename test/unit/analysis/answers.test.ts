import { describe, expect, it } from 'vitest';
import { summarizeAnswers } from '../../../src-main/analysis/answers';
import { sqnrDbOf, worstOutputNmse } from '../../../src-main/analysis/output-error';
import type { ImageAnswer, OutputError } from '../../../src-main/analysis/variant-evaluator';

const output = (name: string, signal: number, noise: number): OutputError => ({
  name,
  signal,
  noise,
  energy: signal,
  dot: signal,
});
const answer = (...outputs: readonly OutputError[]): ImageAnswer => ({
  answer: null,
  outputs,
});

describe('summarizeAnswers', () => {
  it('gives the SQNR of the worst output, not of all values together', () => {
    const { outputSqnrDb, outputs, predictions } = summarizeAnswers([
      answer(output('boxes', 1e6, 10), output('logits', 100, 1)),
      null,
      answer(output('boxes', 1e6, 10), output('logits', 100, 1)),
    ]);
    expect(outputSqnrDb).toBeCloseTo(20, 9);
    expect(outputs.map(({ name, sqnrDb }) => [name, Math.round(sqnrDb ?? 0)])).toEqual([
      ['boxes', 50],
      ['logits', 20],
    ]);
    expect(predictions).toBeNull();
  });

  it('leaves an output out that could not be compared on every image', () => {
    const { outputs, outputSqnrDb } = summarizeAnswers([
      answer(output('boxes', 100, 50), output('map', 100, 1)),
      answer(output('map', 100, 1)),
    ]);
    expect(outputs.map(({ name }) => name)).toEqual(['map']);
    expect(outputSqnrDb).toBeCloseTo(20, 9);
  });

  it('tells an output with NaN from one without error', () => {
    const [exact, broken] = summarizeAnswers([answer(output('exact', 4, 0), output('broken', 4, Number.NaN))]).outputs;
    expect(exact).toEqual({ name: 'exact', sqnrDb: Number.POSITIVE_INFINITY, cosine: 1 });
    expect(broken).toMatchObject({ sqnrDb: Number.NEGATIVE_INFINITY, notFinite: true });
  });
});

describe('worstOutputNmse', () => {
  it('leaves out an output without signal unless there is no other', () => {
    expect(
      worstOutputNmse([
        { signal: 0, noise: 7 },
        { signal: 10, noise: 1 },
      ]),
    ).toBe(0.1);
    expect(worstOutputNmse([{ signal: 0, noise: 7 }])).toBe(Number.POSITIVE_INFINITY);
    expect(worstOutputNmse([{ signal: 0, noise: 0 }])).toBe(0);
    expect(worstOutputNmse([])).toBe(0);
    expect([sqnrDbOf(0.01), sqnrDbOf(0)]).toEqual([20, Number.POSITIVE_INFINITY]);
  });
});
