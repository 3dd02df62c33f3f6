import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  addBestDecision,
  findBest,
  findMeasured,
  readBestDecisions,
  thresholdsHash,
  type BestChoices,
} from '../../../src-main/calibration/histograms/best-decisions';
import type { BestDecision } from '../../../src-shared/domain/analysis/best-method';
import type { HistogramMethod } from '../../../src-shared/domain/project/methods';
import { useTempDirs } from '../../support/temp-dir';

const temp = useTempDirs();
const CHOICES: BestChoices = { plan: { layers: { b: 'fp16', a: 'fp32' } }, target: 'onnxruntime', percentile: 99.99 };

function decisionOf(chosenMethod: HistogramMethod, target: BestDecision['target'] = 'onnxruntime'): BestDecision {
  return {
    chosenMethod,
    target,
    singles: [],
    images: 8,
    wantedImages: 8,
    groups: [],
    limitedByTime: false,
    seconds: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

describe('decisions of method best', () => {
  it('are found again for the same plan, target and percentile, whatever the order of the layers', async () => {
    const dir = temp();
    expect(findBest(readBestDecisions(dir), CHOICES)).toBeNull();
    await addBestDecision(dir, CHOICES, { decision: decisionOf('mse') });
    expect(findBest(readBestDecisions(dir), CHOICES)).toEqual({ isCurrent: true, decision: decisionOf('mse') });
    expect(
      findBest(readBestDecisions(dir), {
        ...CHOICES,
        plan: { layers: { a: 'fp32', b: 'fp16' }, repairs: { biasCorrection: false } },
      })?.isCurrent,
    ).toBe(true);
  });

  it.each<readonly [string, Partial<BestChoices>]>([
    ['plan', { plan: { layers: { a: 'fp32' } } }],
    ['precision of the rest', { plan: { ...CHOICES.plan, fallbackPrecision: 'fp16' } }],
    ['repairs', { plan: { ...CHOICES.plan, repairs: { biasCorrection: true } } }],
    ['target', { target: 'tensorrt' }],
    ['percentile', { percentile: 99.9 }],
  ])('are out of date with another %s, and told apart when it comes back', async (_, changed) => {
    const dir = temp();
    await addBestDecision(dir, CHOICES, { decision: decisionOf('mse') });
    const other = { ...CHOICES, ...changed };
    expect(findBest(readBestDecisions(dir), other)).toEqual({ isCurrent: false, decision: decisionOf('mse') });
    await addBestDecision(dir, other, { decision: decisionOf('minmax', other.target) });
    expect(findBest(readBestDecisions(dir), other)).toMatchObject({
      isCurrent: true,
      decision: { chosenMethod: 'minmax' },
    });
    expect(findBest(readBestDecisions(dir), CHOICES)).toMatchObject({
      isCurrent: true,
      decision: { chosenMethod: 'mse' },
    });
  });

  it('of the same target stand in for one that is missing', async () => {
    const dir = temp();
    await addBestDecision(dir, { ...CHOICES, target: 'tensorrt' }, { decision: decisionOf('mse', 'tensorrt') });
    await addBestDecision(dir, CHOICES, { decision: decisionOf('minmax') });
    const changed: BestChoices = { plan: { layers: {} }, target: 'tensorrt', percentile: 99.99 };
    expect(findBest(readBestDecisions(dir), changed)).toMatchObject({
      isCurrent: false,
      decision: { chosenMethod: 'mse' },
    });
  });

  it('keep what thresholds of single tensors cost, by the thresholds', async () => {
    const dir = temp();
    const cost = { nmse: 0.5, sqnrDb: 3, worstGroup: 'night', worstOutput: 'logits' };
    await addBestDecision(dir, CHOICES, { decision: decisionOf('mse') });
    await addBestDecision(dir, CHOICES, { measured: { thresholds: thresholdsHash({ x: 1, y: 2 }), cost } });
    const stored = readBestDecisions(dir);
    expect(findMeasured(stored, CHOICES, { y: 2, x: 1 })).toEqual(cost);
    expect(findMeasured(stored, CHOICES, { x: 1, y: 2.5 })).toBeUndefined();
    expect(findMeasured(stored, { ...CHOICES, target: 'tensorrt' }, { x: 1, y: 2 })).toBeUndefined();
    expect(findBest(stored, CHOICES)?.isCurrent).toBe(true);
  });

  it('that are damaged, or of another version, are decided again', async () => {
    const dir = temp();
    for (const content of [
      '{',
      '[]',
      '{"version":1,"decisions":[{}],"measured":[]}',
      '{"version":99,"decisions":[],"measured":[]}',
    ]) {
      writeFileSync(join(dir, 'best.json'), content);
      expect(readBestDecisions(dir)).toEqual({ decisions: [], measured: [] });
    }
    await addBestDecision(dir, CHOICES, { decision: decisionOf('mse') });
    expect(findBest(readBestDecisions(dir), CHOICES)?.decision.chosenMethod).toBe('mse');
  });
});
