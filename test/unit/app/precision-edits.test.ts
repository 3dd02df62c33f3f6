import { beforeEach, describe, expect, it } from 'vitest';
import { applyEdits } from '../../../src-main/app/projects/project-edits';
import { workspaceOf, type Workspace } from '../../../src-main/app/projects/workspace';
import type { StoredTable } from '../../../src-main/app/variants/kernel-times';
import { noKernelTimes } from '../../../src-shared/domain/engines/kernel-times';
import { prepare } from '../../../src-main/compute/tasks/prepare';
import type { Compute, PrepareParams } from '../../../src-main/compute/pool/protocol';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import type { PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { decisionsOf } from '../../../src-shared/domain/project/decisions';
import { useTempDirs } from '../../support/temp-dir';
import { createTestProject, writeProjectFiles } from '../../support/project-fixture';

const tempDir = useTempDirs();

/** Prepares in this process; nothing else is asked. */
const compute = {
  request: (method: string, params: unknown) => {
    if (method !== 'prepare') throw new Error(`unexpected ${method}`);
    return prepare(params as PrepareParams, {});
  },
  dispose: () => undefined,
} as unknown as Compute;

let project: Workspace;

beforeEach(async () => {
  project = await createTestProject(await writeProjectFiles(tempDir(), { images: 2 }));
});

function ask(layer: string, precision: PrecisionChoice, base: PrecisionChoice): ProjectEdit {
  return { kind: 'precision', layer, precision, base };
}

async function edited(workspace: Workspace, ...edits: readonly ProjectEdit[]): Promise<Workspace> {
  return workspaceOf(workspace.path, await applyEdits(workspace, edits, compute));
}

const layersOf = ({ file }: Workspace): object => file.plan.layers;

describe('precision edits', () => {
  it('remember INT8 that was asked for by name, and forget a layer that goes back to Auto', async () => {
    const asked = await edited(project, ask('conv0', 'int8', 'auto'), ask('head', 'fp32', 'auto'));
    expect(layersOf(asked)).toEqual({ conv0: 'int8', head: 'fp32' });
    expect(layersOf(await edited(asked, ask('conv0', 'auto', 'int8')))).toEqual({ head: 'fp32' });
  });

  it('go from Auto to FP16 and back to Auto without a trace, for a layer that speed keeps in floating point too', async () => {
    const onTensorrt = await edited(project, { kind: 'target', target: 'tensorrt' });
    const released = await edited(onTensorrt, ask('head', 'fp16', 'auto'));
    expect(layersOf(await edited(released, ask('head', 'auto', 'fp16')))).toEqual({});
  });

  it('are merged with changes of other layers that were made since their base', async () => {
    const meanwhile = await edited(project, ask('conv1', 'fp32', 'auto'));
    expect(layersOf(await edited(meanwhile, ask('conv0', 'fp16', 'auto')))).toEqual({ conv0: 'fp16', conv1: 'fp32' });
  });

  it('conflict with a change of the same layer, and then none of them is made', async () => {
    const meanwhile = await edited(project, ask('conv0', 'fp32', 'auto'), ask('conv1', 'int8', 'auto'));
    const late = edited(
      meanwhile,
      ask('head', 'fp16', 'auto'),
      ask('conv0', 'fp16', 'auto'),
      ask('conv1', 'fp16', 'auto'),
    );
    await expect(late).rejects.toMatchObject({
      code: 'edit-conflict',
      message: 'The precision of layer "conv0" (and 1 more layer) was changed meanwhile: expected Auto, found FP32',
    });
  });

  it('name a layer exactly: a wildcard in it matches nothing', async () => {
    await expect(edited(project, ask('conv*', 'fp16', 'auto'))).rejects.toMatchObject({
      code: 'not-found',
      message: 'The model has no layer "conv*"; the nearest name is "conv0"',
    });
  });

  it('are kept by an undo of another decision that was sent without knowing them', async () => {
    const before = decisionsOf(project.file);
    const after = { ...before, method: 'mse' as const };
    const meanwhile = await edited(project, { kind: 'method', method: 'mse' }, ask('conv0', 'fp16', 'auto'));
    const undone = await edited(meanwhile, { kind: 'restore', decisions: before, base: after });
    expect(undone.file.method).toBe(before.method);
    expect(layersOf(undone)).toEqual({ conv0: 'fp16' });
  });
});

describe('measured times of kernels', () => {
  const conv = '16x16x3x3 groups 1 strides 1 1x16x16x16 to 1x16x16x16 batch 4';
  const tables: readonly StoredTable[] = [
    {
      path: 'table.json',
      source: 'user',
      table: {
        ...noKernelTimes('NVIDIA L4 8.9', '10.6.0'),
        times: { [`Conv +Relu weights ${conv}`]: { floatMs: 0.009, int8Ms: 0.012 } },
      },
    },
  ];
  const edit = async (workspace: Workspace, gpu?: string | null): Promise<Workspace> => {
    const edits = [{ kind: 'kernel-times', ...(gpu === undefined ? {} : { gpu }) }] as const;
    return workspaceOf(workspace.path, await applyEdits(workspace, edits, compute, tables));
  };

  it('are taken into the plan for the layers that the table knows, kept by other edits, and left out again', async () => {
    const measured = await edit(project);
    expect(measured.file.plan.measured).toMatchObject({
      gpu: 'NVIDIA L4 8.9',
      table: expect.any(String) as string,
      batches: [{ batch: 4, layers: { conv1: { floatMs: 0.009, int8Ms: 0.012 } } }],
    });
    const released = await edited(measured, ask('conv0', 'fp16', 'auto'), { kind: 'preset', preset: 'all-int8' });
    expect(released.file.plan).toEqual(measured.file.plan);
    expect((await edit(measured, null)).file.plan).toEqual(project.file.plan);
    await expect(edit(project, 'H200')).rejects.toThrow('found none');
  });
});
