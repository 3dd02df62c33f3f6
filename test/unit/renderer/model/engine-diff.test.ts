// @vitest-environment jsdom
import { cleanup, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineDiff } from '../../../../src-renderer/features/model/engine-diff';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useLayers } from '../../../../src-renderer/panels/layers/use-layers';
import { useSession } from '../../../../src-renderer/state/session';
import type { EngineView } from '../../../../src-shared/contract/views';
import type { EngineType } from '../../../../src-shared/domain/engines/engine-layers';
import { generatedModel } from '../../../support/generated-model';

const MODEL = generatedModel(6, { layers: {} });
const names = MODEL.layers.map(({ layer }) => layer);

function engine(variant: string, type: EngineType, times: readonly number[], batch = 16): EngineView {
  const layers = times.map((medianMs, i) => ({
    name: `${variant} ${names[i] ?? ''}`,
    kind: 'k',
    onnxLayers: [names[i] ?? ''],
    type,
    outputType: type,
    isReformat: false,
    tactic: '',
    inputs: [],
    outputs: [],
    medianMs,
  }));
  return {
    ...{ variant, isCurrent: true, runtime: 'TensorRT 10.6.0', device: 'GPU 9.0', batch, sizeMb: 1 },
    createdAt: '2026-11-21T11:00:00.000Z',
    summary: {
      layers: { int8: 0, fp16: 0, fp32: 0, other: 0 },
      reformats: 0,
      totalMs: times.reduce((sum, ms) => sum + ms, 0),
      reformatMs: 0,
    },
    asked: {},
    layers,
  };
}

function Shown({ b }: { readonly b: EngineView }) {
  const layers = useLayers();
  return layers === null ? null : createElement(EngineDiff, { layers, a: engine('fp16', 'fp16', [0.01, 0.02]), b });
}

beforeEach(() => {
  setLanguage('en');
  useSession.setState({ ...useSession.getInitialState(), model: MODEL });
  // jsdom has no layout: give the table a height, so that it renders rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

describe('the comparison of two engines', () => {
  it('lists groups of layers by what the second engine loses, with the time of both', () => {
    render(createElement(Shown, { b: engine('int8', 'int8', [0.015, 0.012]) }));
    expect(screen.getByText('fp16 30.0 µs → int8 27.0 µs')).toBeTruthy();
    const rows = within(screen.getByRole('grid')).getAllByRole('row').slice(1);
    const texts = rows.map((row) =>
      within(row)
        .getAllByRole('gridcell')
        .map((cell) => cell.textContent),
    );
    expect(texts.map(([, lost]) => lost)).toEqual(['5.00 µs', '−8.00 µs']);
    expect(texts[0]?.slice(2, 4)).toEqual(['16 10.0 µs', '8 15.0 µs']);
    expect(screen.queryByText(/unlike devices/)).toBeNull();
  });

  it('says that times of unlike engines do not compare', () => {
    render(createElement(Shown, { b: engine('int8', 'int8', [0.015], 1) }));
    expect(screen.getByText(/unlike devices/)).toBeTruthy();
  });
});
