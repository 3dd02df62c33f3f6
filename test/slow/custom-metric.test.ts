import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../../src-main/base/running-process';
import type { ValidateResult } from '../../src-shared/contract/job-results';
import type { SensitivityResult } from '../../src-shared/domain/analysis/analysis';
import { calibJson, startCalib } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';
import { REPO_ROOT } from '../support/shared';

const { dir, project } = useCalibratedProject({ images: 12 });

describe('a metric that is a command', () => {
  it('counts what top-1 counts, as the documentation shows', async () => {
    const { variants } = await calibJson<ValidateResult>('validate', project, '--variants', 'fp32,int8-minmax');
    const script = join(dir, 'score.py');
    const docs = readFileSync(join(REPO_ROOT, 'docs/custom-metric.md'), 'utf8');
    writeFileSync(script, /```python\n([\s\S]*?)```/.exec(docs)?.[1] ?? '');
    await calibJson('set', project, '--metric-command', `python3 "${script}"`);
    const found = await calibJson<ValidateResult>('validate', project, '--variants', 'fp32,int8-minmax');
    for (const [i, { measure }] of found.variants.entries()) {
      expect(measure?.name).toBe('accuracy');
      expect(measure?.value).toBeCloseTo(variants[i]?.top1 ?? Number.NaN, 10);
    }
  });

  it('is ended with a validation that is interrupted while it hangs', async () => {
    const pids = join(dir, 'pids');
    const script = join(dir, 'hang.py');
    writeFileSync(
      script,
      `import os, sys, time\nwith open(${JSON.stringify(pids)}, "a") as file:\n    file.write(f"{os.getpid()}\\n")\n` +
        'print("waits", file=sys.stderr)\ntime.sleep(600)\n',
    );
    await calibJson('set', project, '--metric-command', `python3 "${script}"`);
    const running = startCalib(['validate', project, '--variants', 'fp32', '--threads', '2']);
    const started = (): number[] => {
      try {
        return readFileSync(pids, 'utf8').trim().split('\n').map(Number);
      } catch {
        return [];
      }
    };
    await expect.poll(() => started().length, { timeout: 60_000 }).toBeGreaterThan(0);
    running.child.kill('SIGINT');
    expect((await running.outcome).code).toBe(130);
    await expect.poll(() => started().some(isRunning)).toBe(false);
  });
});

describe('a metric that is a module', () => {
  it('ranks layers, and ends with the analysis', async () => {
    const metric = join(dir, 'metric.mjs');
    writeFileSync(
      metric,
      'export const score = (outputs, label) => outputs.logits.data.indexOf(Math.max(...outputs.logits.data)) === label;\n' +
        'export const summarize = (records) => ({ name: "right", value: records.filter(Boolean).length, ' +
        'higherIsBetter: true });\n',
    );
    await calibJson('set', project, '--metric', metric);
    const found = await calibJson<SensitivityResult>('sensitivity', project, '--metric', 'measure', '--limit', '4');
    expect(found.baseline.measure?.name).toBe('right');
    expect(found.layers.length).toBeGreaterThan(1);
  });
});
