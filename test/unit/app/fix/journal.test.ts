import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FixJournal } from '../../../../src-main/app/fix/journal';
import type { FixPlan, FixStageRow } from '../../../../src-shared/domain/analysis/fix';

const dir = mkdtempSync(join(tmpdir(), 'calib-fix-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const decisions = { method: 'mse', tensorMethods: {}, plan: { layers: {} } } as const;
const plan: FixPlan = {
  stage: 'methods',
  decisions,
  methods: ['mse'],
  repairs: [],
  fp16Layers: [],
  error: 0.1,
  gates: [],
  met: false,
  isPareto: false,
};
const row: FixStageRow = {
  stage: 'methods',
  outcome: 'better',
  note: '',
  candidates: 4,
  errorBefore: 1,
  errorAfter: 0.1,
  plan: 0,
  seconds: 2,
};
const quality = {
  nmse: 0.1,
  sqnrDb: 10,
  worstGroupNmse: null,
  agreement: null,
  top1: null,
  worstGroup: null,
  groupTop1: {},
};

describe('the journal of a fix', () => {
  it('knows stages and plans again, also after a line that was cut off', () => {
    const path = join(dir, 'a.jsonl');
    const first = new FixJournal(path);
    first.addPlan({ plan, fp32: {} });
    first.addStage({ row, best: { decisions, quality, error: Number.POSITIVE_INFINITY, optimism: 1.5 } });
    first.addInterrupted('equalization', 3);
    appendFileSync(path, '\n{"kind":"stage","row":{"stage":"auto"');
    const again = new FixJournal(path);
    again.addInterrupted('equalization', 4);
    const last = new FixJournal(path);
    expect(last.plan(decisions)?.plan).toEqual(plan);
    expect(last.plansOf('methods')).toHaveLength(1);
    expect(last.stage('methods')?.row).toEqual(row);
    // Infinity has no form in JSON; a candidate whose outputs are not finite must stay worse than all others.
    expect(last.stage('methods')?.best.error).toBe(Number.POSITIVE_INFINITY);
    expect(last.stage('methods')?.best.optimism).toBe(1.5);
    expect(last.stage('auto')).toBeUndefined();
    expect(last.lostSeconds('equalization')).toBe(7);
  });
});
