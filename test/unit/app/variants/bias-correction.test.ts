import { describe, expect, it } from 'vitest';
import { jobContext, type JobContext } from '../../../../src-main/app/job-context';
import { prepared, type Workspace } from '../../../../src-main/app/projects/workspace';
import { withCorrectedBiases } from '../../../../src-main/app/variants/bias-correction';
import type { VariantRecipe } from '../../../../src-main/app/variants/recipe';
import type { Compute, CorrectBiasesParams, PrepareParams } from '../../../../src-main/compute/pool/protocol';
import { prepare } from '../../../../src-main/compute/tasks/prepare';
import type { TrialQuality } from '../../../../src-shared/domain/analysis/analysis';
import { EMPTY_PLAN, withRepair } from '../../../../src-shared/domain/project/precision';
import type { Task } from '../../../../src-shared/domain/tasks/task';
import { createTestProject, writeProjectFiles } from '../../../support/project-fixture';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();

const DETECTION: Task = {
  kind: 'detection',
  decoder: {
    kind: 'yolox',
    outputs: ['y'],
    boxForm: 'cxcywh',
    boxUnit: 'pixels',
    activation: 'sigmoid',
    strides: [1],
    minScore: 0.01,
    nmsIou: 0.5,
    classAgnostic: false,
    maxDetections: 10,
  },
};

const COMMON = { sqnrDb: null, worstGroupNmse: null, agreement: null, top1: null, worstGroup: null, groupTop1: {} };
const quality = (nmse: number, candidateNmse: number, task: Task | null): TrialQuality => ({
  ...COMMON,
  nmse,
  ...(task?.kind === 'detection' ? { candidateNmse } : {}),
});

/** Prepares in this process; the correction makes the error of all values smaller, and that of candidates larger. */
function computeWith(asked: CorrectBiasesParams[]): Compute {
  const request = (method: string, params: unknown): Promise<unknown> => {
    if (method === 'prepare') return prepare(params as PrepareParams, {});
    asked.push(params as CorrectBiasesParams);
    const { task } = (params as CorrectBiasesParams).trials;
    return Promise.resolve({
      biases: [],
      images: { measured: 2, confirmed: 4 },
      before: quality(0.2, 0.1, task),
      after: quality(0.1, 0.3, task),
    });
  };
  return { request, dispose: () => undefined } as unknown as Compute;
}

async function jobOf(workspace: Workspace, asked: CorrectBiasesParams[]): Promise<JobContext> {
  const services = { compute: computeWith(asked), toolVersion: '1', onnxruntimeVersion: '1', userDataDir: tempDir() };
  const job = jobContext(services, workspace);
  await prepared(workspace, services.compute, job);
  return job;
}

describe('the biases of a detector', () => {
  it.each([
    ['by its candidates, not by all values', DETECTION, false],
    ['of another model, by the values of its outputs', { kind: 'classification' } as const, true],
  ])('are judged %s', async (_, task, isKept) => {
    const files = await writeProjectFiles(tempDir(), { images: 6 });
    const workspace = await createTestProject(files, { task });
    const asked: CorrectBiasesParams[] = [];
    const job = await jobOf(workspace, asked);
    const recipe: VariantRecipe = {
      preparedDir: workspace.preparedDir,
      target: 'tensorrt',
      plan: withRepair(EMPTY_PLAN, 'biasCorrection', true),
      thresholds: { x: 1 },
      ranges: {},
      activationType: 'int8',
    };
    const found = await withCorrectedBiases(recipe, 1, job);
    expect(asked.map(({ trials }) => trials.task?.kind ?? null)).toEqual([isKept ? null : 'detection']);
    expect(found.biases !== undefined).toBe(isKept);
    // A decoder that reads other candidates measures again.
    const other = {
      ...workspace,
      file: { ...workspace.file, task: { ...DETECTION, decoder: { ...DETECTION.decoder, minScore: 0.3 } } },
    };
    await withCorrectedBiases(recipe, 1, { ...job, workspace: other });
    expect(asked).toHaveLength(2);
  });
});
