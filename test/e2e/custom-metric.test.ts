import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ValidateResult } from '../../src-shared/contract/job-results';
import type { VariantReport } from '../../src-shared/domain/runs/accuracy';
import { calibJson, startCalib } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';

const { dir, project } = useCalibratedProject({ images: 12 });

const METRIC = `
export function score(outputs, label) {
  const { data } = outputs.logits;
  return data.indexOf(Math.max(...data)) === label;
}
export function summarize(records) {
  const right = records.filter((isRight) => isRight).length;
  return { name: 'right answers', value: (100 * right) / records.length, higherIsBetter: true };
}
`;

const VALIDATE = ['validate', project, '--variants', 'fp32,int8-minmax'];
const FP32_ONLY = ['validate', project, '--variants', 'fp32'];
const fp32Of = ({ variants }: ValidateResult): VariantReport | undefined => variants[0];

describe('a metric of the user', () => {
  it('judges variants, groups and the difference to FP32', async () => {
    const { variants: plain } = await calibJson<ValidateResult>(...VALIDATE);
    const metric = join(dir, 'metric.mjs');
    writeFileSync(metric, METRIC);
    await calibJson('set', project, '--metric', metric);
    const found = await calibJson<ValidateResult>(...VALIDATE);
    // The metric counts what top-1 counts.
    expect(fp32Of(found)?.measure).toEqual({ name: 'right answers', value: plain[0]?.top1, higherIsBetter: true });
    expect(Object.keys(fp32Of(found)?.groups ?? {})).toEqual(['day', 'night']);
    const difference = (plain[1]?.top1 ?? Number.NaN) - (plain[0]?.top1 ?? Number.NaN);
    expect(found.variants[1]?.difference?.value).toBeCloseTo(difference, 10);
    expect(found.metricHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('does not run for somebody who has not allowed it', async () => {
    const stranger = { CALIB_HOME: join(dir, 'home of somebody else') };
    const { code, stderr } = await startCalib(VALIDATE, { env: stranger }).outcome;
    expect(code).toBe(1);
    expect(stderr).toMatch(/metric\.mjs, which has not been allowed .*\n.*calib set PROJECT --allow-metric/);
    await startCalib(['set', project, '--allow-metric'], { env: stranger }).outcome;
    expect((await startCalib([...FP32_ONLY, '--limit', '2'], { env: stranger }).outcome).code).toBe(0);
  });
});
