import { describe, expect, it } from 'vitest';
import { reproduceCommands } from '../../../../src-main/runs/report/provenance-section';
import { sampleRecord } from '../sample-run';

describe('reproduceCommands', () => {
  it('makes the project, repeats every decision and runs', () => {
    const run = sampleRecord();
    const options = {
      ...run.options,
      percentile: 99.9,
      tensorMethods: { 'a b': 'manual', c: 'mse' } as const,
      manualThresholds: { 'a b': 1.5 },
      other: { ...run.options.other, search: true, diagnose: true },
      plan: {
        layers: { head: 'fp16' },
        fallbackPrecision: 'fp32',
        attention: 'int8',
        repairs: { equalization: true, biasCorrection: true },
        measured: { gpu: 'NVIDIA H200 9.0', tensorrt: '10.6.0', table: 'abc', batches: [] },
      } as const,
    };
    const commands = reproduceCommands({ ...run, options });
    const project = `${run.project}.calib`;
    expect(commands[0]).toMatch(/^calib init /);
    expect(commands[0]).not.toContain('--no-kernel-times');
    expect(reproduceCommands(run)[0]).toContain('--no-kernel-times');
    expect(commands.slice(1, -1)).toEqual([
      `calib set ${project} --equalization on --bias-correction on`,
      `calib set ${project} --target tensorrt --method entropy --percentile 99.9 --fallback fp32 --attention int8 --kernel-times 'NVIDIA H200 9.0'`,
      `calib set ${project} --tensor 'a b' --threshold 1.5`,
      `calib set ${project} --tensor c --method mse`,
      `calib set ${project} --layer head --precision fp16`,
    ]);
    expect(commands.at(-1)).toBe(
      `calib run ${project} --backend ort-cpu --target tensorrt --threads 4 --limit 1980 --diagnose`,
    );
  });
});
