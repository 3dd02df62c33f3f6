import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisSpec, JobSpec } from '../../src-shared/contract/job-specs';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import type { Preprocessing } from '../../src-shared/domain/project/preprocessing';
import { createWorkbench } from '../../src-main/app/create-workbench';
import type { Workbench } from '../../src-main/app/workbench';
import { REPO_ROOT, sharedDir, sharedPath } from '../support/shared';

const SLOW = 600_000;
const SAMPLE = join(REPO_ROOT, 'resources/sample');
const CIFAR = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };

interface Case {
  readonly model: string;
  readonly calibration: string;
  /** Every n-th image of the folder is used. */
  readonly every: number;
  readonly preprocessing: Partial<Preprocessing>;
  readonly kinds: readonly AnalysisSpec['kind'][];
}

const shared = (...parts: readonly string[]): string => (sharedDir() === null ? '' : sharedPath(...parts));
const CASES: readonly Case[] = [
  {
    model: join(SAMPLE, 'plate_chars.onnx'),
    calibration: join(SAMPLE, 'calibration'),
    every: 2,
    preprocessing: {},
    kinds: ['auto', 'sensitivity', 'search'],
  },
  {
    model: shared('models', 'cifar_resnet20.onnx'),
    calibration: shared('data', 'cifar10', 'calibration'),
    every: 4,
    preprocessing: CIFAR,
    kinds: ['auto', 'sensitivity', 'search'],
  },
];

let dir = '';
let workbench: Workbench;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-cost-'));
  workbench = createWorkbench();
});
afterAll(() => {
  workbench.dispose();
  rmSync(dir, { recursive: true, force: true });
});

async function run(spec: JobSpec): Promise<readonly JobSnapshot[]> {
  const seen: JobSnapshot[] = [];
  const unsubscribe = workbench.subscribe((event) => {
    if (event.type === 'job') seen.push(event.job);
  });
  const { jobId } = await workbench.startJob(spec);
  await expect
    .poll(async () => isFinished(await workbench.getJob({ jobId })), { timeout: SLOW, interval: 50 })
    .toBe(true);
  unsubscribe();
  const own = [...seen.filter(({ id }) => id === jobId), await workbench.getJob({ jobId })];
  expect(own.at(-1)?.error).toBeNull();
  return own;
}

/** What an analysis has computed, in runs of the whole model. */
function workOf(snapshots: readonly JobSnapshot[]): number {
  return (snapshots.at(-1)?.result as { readonly work?: number } | null)?.work ?? 0;
}

describe.skipIf(sharedDir() === null)('the cost of an analysis', () => {
  it.each(CASES.map((own) => [own.model.split('/').at(-1) ?? '', own] as const))(
    'is expected within a factor of 1.5, and results show while it runs: %s',
    async (name, { model, calibration, every, preprocessing, kinds }) => {
      const list = join(dir, `${name}.txt`);
      const files = readdirSync(calibration, { recursive: true, encoding: 'utf8' }).filter((file) =>
        /\.(jpg|png)$/.test(file),
      );
      writeFileSync(
        list,
        files
          .sort()
          .filter((_, i) => i % every === 0)
          .map((file) => join(calibration, file))
          .join('\n'),
      );
      const projectPath = join(dir, `${name}.calib`);
      await workbench.createProject({ modelPath: model, calibrationPath: list, projectPath, preprocessing });
      await workbench.editProject({ projectPath, edits: [{ kind: 'target', target: 'tensorrt' }] });
      await run({ kind: 'calibrate', projectPath });
      for (const kind of kinds) {
        const spec = { kind, projectPath } as AnalysisSpec;
        const { passes } = await workbench.getAnalysisCost({ spec });
        const snapshots = await run(spec);
        const work = workOf(snapshots);
        expect(work / passes, `${kind}: ${passes} expected, ${work} made`).toBeGreaterThan(1 / 1.5);
        expect(work / passes, `${kind}: ${passes} expected, ${work} made`).toBeLessThan(1.5);
        expect(snapshots.map(({ partial }) => partial?.kind ?? null)).toContain(kind);
      }
    },
    SLOW,
  );
});
