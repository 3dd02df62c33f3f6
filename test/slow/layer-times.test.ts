import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { BenchResult, RunResult } from '../../src-shared/contract/job-results';
import type { EngineDifference } from '../../src-shared/domain/engines/engine-diff';
import { calib, calibJson } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';

vi.setConfig({ testTimeout: 60_000 });

interface Diff {
  readonly a: { readonly variant: string; readonly totalMs: number; readonly runId?: string };
  readonly b: { readonly variant: string; readonly totalMs: number; readonly kernelShare?: number };
  readonly differences: readonly EngineDifference[];
}

const files = useCalibratedProject({ images: 8, run: calibJson });
const onCpu = (command: string): string[] => [command, files.project, '--target', 'onnxruntime', '--rounds', '2'];

describe('times of layers on ONNX Runtime', () => {
  it('are compared layer by layer between variants and between runs', async () => {
    const { variants } = await calibJson<BenchResult>(...onCpu('bench'), '--variants', 'fp32,int8', '--layers');
    for (const { profile, int8Time } of variants) {
      expect(profile?.kernelsMs).toBeGreaterThan(0);
      expect(profile?.kernelShare).toBeGreaterThan(0.05);
      expect(profile?.kernelShare).toBeLessThan(1);
      expect(int8Time).toBeDefined();
    }
    const ofVariants = await calibJson<Diff>('diff', files.project, 'fp32', 'int8');
    const sum = (side: 'a' | 'b') => ofVariants.differences.reduce((total, each) => total + each[side].ms, 0);
    expect(sum('a')).toBeCloseTo(ofVariants.a.totalMs, 6);
    expect(sum('b')).toBeCloseTo(ofVariants.b.totalMs, 6);
    expect(ofVariants.differences.some(({ b }) => b.types.includes('int8'))).toBe(true);

    const run = await calibJson<RunResult>(...onCpu('run'), '--variants', 'fp32,int8');
    expect(readFileSync(run.report, 'utf8')).toContain('Layer by layer: int8 against fp32');
    const ofRuns = await calibJson<Diff>('diff', files.project, `${run.runId}:fp32`, run.runId);
    expect([ofRuns.a.variant, ofRuns.a.runId, ofRuns.b.variant]).toEqual(['fp32', run.runId, 'int8']);
    expect(ofRuns.differences.length).toBeGreaterThan(0);
    const unknown = await calib('diff', files.project, 'fp32', `${run.runId}:fp16`);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('It has those of fp32, int8')]);
  });
});
