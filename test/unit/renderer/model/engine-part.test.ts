// @vitest-environment jsdom
import { act, cleanup, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useSession } from '../../../../src-renderer/state/session';
import { LayerInspector } from '../../../../src-renderer/panels/layers/layer-inspector';
import { useLayers } from '../../../../src-renderer/panels/layers/use-layers';
import type { EnginesView } from '../../../../src-shared/contract/views';
import type { DlaMap } from '../../../../src-shared/domain/engines/dla-map';
import type { EngineLayer } from '../../../../src-shared/domain/engines/engine-layers';
import { generatedModel } from '../../../support/generated-model';
import { NO_ANALYSES } from '../analysis-results';
import { fakeApi, type FakeApi } from '../state/fake-api';

const INSPECTION = {
  model: { inputs: [], outputs: [], opset: 17, ir: 8, producer: '', layers: 2, quantizable: 1, parameters: 1 },
  warnings: [],
};
const MODEL = generatedModel(6, { layers: {} });
const [first, second] = MODEL.layers;
if (first === undefined || second === undefined) throw new Error('a model without layers');
const base: EngineLayer = {
  name: '',
  kind: 'CaskConvolution',
  onnxLayers: [],
  type: 'fp16',
  outputType: 'fp16',
  isReformat: false,
  tactic: '',
  inputs: [],
  outputs: [],
  medianMs: 0.01,
};
const ENGINE: EnginesView = {
  variants: ['mixed', 'int8'],
  engine: {
    variant: 'mixed',
    isCurrent: false,
    runtime: 'TensorRT 10.6.0',
    device: 'GPU 9.0',
    batch: 32,
    createdAt: '2026-11-21T11:00:00.000Z',
    sizeMb: 1.5,
    summary: { layers: { int8: 3, fp16: 1, fp32: 0, other: 0 }, reformats: 1, totalMs: 0.04, reformatMs: 0.01 },
    asked: { [first.layer]: 'int8' },
    layers: [
      {
        ...base,
        name: `${first.inputs[0] ?? ''}_QuantizeLinear`,
        kind: 'Reformat',
        isReformat: true,
        type: 'fp32',
        outputType: 'int8',
      },
      { ...base, name: `fused ${first.layer}`, onnxLayers: [first.layer], medianMs: 0.03 },
    ],
  },
};

let fake: FakeApi;

function Inspector() {
  const layers = useLayers();
  return layers === null ? null : createElement(LayerInspector, { layers });
}

async function show(view: EnginesView, layer: string | null): Promise<string> {
  fake.answers.getEngineLayers = () => view;
  useSelection.setState({ layer, tensor: null });
  const { container } = render(createElement(Inspector));
  await act(async () => undefined);
  return container.textContent;
}

beforeEach(async () => {
  setLanguage('en');
  fake = fakeApi();
  fake.answers.getModel = () => MODEL;
  fake.answers.getAnalyses = () => NO_ANALYSES;
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  await useSession.getState().openProject('/data/a.calib');
  await vi.waitFor(() => expect(useSession.getState().model).not.toBeNull());
});
afterEach(() => {
  cleanup();
  useSession.getState().closeProject();
});

describe('the inspector with an engine', () => {
  it('says how to get one where there is none', async () => {
    expect(await show({ variants: [], engine: null }, null)).toMatch(/No times of layers yet: a run measures them/);
  });

  it('sums the engine up, with its conversions, and says that the plan has changed since', async () => {
    const text = await show(ENGINE, null);
    for (const part of [
      'mixed · TensorRT 10.6.0 · GPU 9.0 · batch 32',
      'have changed since this engine was built',
      '40.0 µs in all',
      '1 conversion between layers, 10.0 µs, 25.0 % of the time',
      `Q, FP32 to INT8${first.inputs[0] ?? ''}`,
    ])
      expect(text).toContain(part);
    expect(
      within(screen.getByLabelText('Engine of'))
        .getAllByRole<HTMLOptionElement>('option')
        .map(({ value }) => value),
    ).toEqual(['mixed', 'int8']);
  });

  it('shows what a layer was asked for beside what its kernel computes in, its time, and why they differ', async () => {
    const text = await show(ENGINE, first.layer);
    for (const part of [
      'In the engine of mixed',
      '30.0 µs · 75.0 %',
      `fused ${first.layer}`,
      'INT8 was asked for, but its kernel (CaskConvolution) takes FP16',
    ])
      expect(text).toContain(part);
    expect(within(screen.getByTestId('refused-precision')).getByRole('img', { name: 'FP16' })).toBeDefined();
  });

  it('says of a layer that the engine lacks that the runtime folded it', async () => {
    expect(await show(ENGINE, second.layer)).toContain(
      'it was fused into another one, folded into constants or dropped',
    );
  });
});

describe('the DLA of a Jetson', () => {
  it('is shown on request, with the warning that the rules were never tried, and for each layer', async () => {
    const map: DlaMap = {
      isVerifiedOnHardware: false,
      source: 'documents',
      layers: [
        { layer: first.layer, op: 'Conv', device: 'dla', code: 'dla', reason: 'within the limits', region: 0 },
        { layer: second.layer, op: 'Relu', device: 'gpu', code: 'dla-clip', reason: 'a clip of 7', region: null },
      ],
      regions: [{ precision: 'int8', layers: [first.layer] }],
      transitions: [],
      scales: ['a', 'b'],
      sharedScales: [],
      notes: [],
    };
    fake.answers.inspectModel = () => ({ ...INSPECTION, dla: map });
    expect(await show(ENGINE, null)).toMatch(/By documented limits only: never run on the hardware/);
    await act(async () => screen.getByRole('button', { name: 'Show what it would run' }).click());
    const part = screen.getByRole('region', { name: 'On the DLA of a Jetson' });
    expect(part.textContent).toMatch(/Layers on DLA1 of 2Regions1.*Tensors with a scale2.*a clip of 7/);
    await act(async () => useSelection.setState({ layer: first.layer, tensor: null }));
    expect(screen.getByText('DLA, region 1')).toBeTruthy();
  });
});
