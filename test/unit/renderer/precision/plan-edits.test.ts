import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type LayerRow, layerRows } from '../../../../src-renderer/panels/layers/layer-rows';
import {
  applyPreset,
  chooseTarget,
  switchRepair,
} from '../../../../src-renderer/features/precision/use-precision-plan';
import { askPrecision } from '../../../../src-renderer/panels/layers/ask-precision';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useSession } from '../../../../src-renderer/state/session';
import { fakeModelApi } from '../../../support/fake-model-api';

const session = useSession.getState;
const rows = (): LayerRow[] => layerRows(session().model ?? { layers: [] }, null);
const plan = (): Readonly<Record<string, string>> => session().project?.file.plan.layers ?? {};
const lastName = (): string | undefined => session().history.undoable.at(-1)?.name;
const names = (count: number): Set<string> =>
  new Set(
    rows()
      .slice(0, count)
      .map((row) => row.layer),
  );

beforeEach(async () => {
  setLanguage('en');
  session().connect(fakeModelApi(120));
  await session().openProject('/projects/generated.calib');
});

describe('edits of the precision plan', () => {
  it('is one step with the name of the layer, and undo takes it back', async () => {
    askPrecision(rows(), new Set(['conv_1']), 'fp16');
    await vi.waitFor(() => expect(lastName()).toBe('conv_1 to FP16'));
    expect(plan()).toEqual({ conv_1: 'fp16' });
    await vi.waitFor(() => expect(rows()[1]?.code).toBe('plan-fp16'));
    await session().undo();
    expect(plan()).toEqual({});
    await session().redo();
    expect(plan()).toEqual({ conv_1: 'fp16' });
  });

  it('is one step for many layers, with their number', async () => {
    askPrecision(rows(), names(14), 'fp32');
    await vi.waitFor(() => expect(lastName()).toBe('14 layers to FP32'));
    expect(Object.keys(plan())).toHaveLength(14);
  });

  it('carries a hundred layers in one step too', async () => {
    askPrecision(rows(), names(100), 'fp16');
    await vi.waitFor(() => expect(lastName()).toBe('100 layers to FP16'));
    expect(Object.keys(plan())).toHaveLength(100);
    await vi.waitFor(() => expect(rows().filter((row) => row.runsIn === 'fp16')).toHaveLength(100));
    askPrecision(rows(), names(120), 'auto');
    await vi.waitFor(() => expect(plan()).toEqual({}));
  });

  it('counts only the layers that change, and does nothing when none does', async () => {
    askPrecision(rows(), new Set(['conv_1']), 'fp16');
    await vi.waitFor(() => expect(rows()[1]?.planned).toBe('fp16'));
    askPrecision(rows(), new Set(['conv_1', 'relu_2']), 'fp16');
    await vi.waitFor(() => expect(lastName()).toBe('relu_2 to FP16'));
    askPrecision(rows(), new Set(['conv_0']), 'auto');
    applyPreset('all-int8');
    await vi.waitFor(() => expect(lastName()).toBe('preset: All layers in INT8'));
    expect(session().history.undoable.map((step) => step.name)).toEqual([
      'conv_1 to FP16',
      'relu_2 to FP16',
      'preset: All layers in INT8',
    ]);
  });

  it('names the step after the pattern that chose the layers', async () => {
    askPrecision(rows(), names(5), 'fp16', 'conv*');
    await vi.waitFor(() => expect(lastName()).toBe('conv* to FP16'));
  });

  it('switches repairs on and off by name, and undo and redo carry them', async () => {
    const repairs = (): object | undefined => session().project?.file.plan.repairs;
    switchRepair('equalization', true);
    await vi.waitFor(() => expect(lastName()).toBe('Equalization on'));
    switchRepair('biasCorrection', true);
    await vi.waitFor(() => expect(repairs()).toEqual({ equalization: true, biasCorrection: true }));
    await session().undo();
    expect(repairs()).toEqual({ equalization: true });
    await session().redo();
    switchRepair('equalization', false);
    await vi.waitFor(() => expect(lastName()).toBe('Equalization off'));
    expect(repairs()).toEqual({ biasCorrection: true });
  });

  it('changes the target as a step of its own', async () => {
    chooseTarget('tensorrt');
    await vi.waitFor(() => expect(lastName()).toBe('target TensorRT'));
    expect(session().project?.file.target).toBe('tensorrt');
  });
});
