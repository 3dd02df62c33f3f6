// @vitest-environment jsdom
import { act, cleanup, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineDiff, useEngineDiff } from '../../../../src-renderer/features/model/engine-diff';
import { setLanguage } from '../../../../src-renderer/i18n';
import { type Layers, useLayers } from '../../../../src-renderer/panels/layers/use-layers';
import { useEngineStore } from '../../../../src-renderer/state/engine';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useSession } from '../../../../src-renderer/state/session';
import type { EngineComparison } from '../../../../src-shared/contract/engine-comparison';
import type { EngineView } from '../../../../src-shared/contract/views';
import type { EngineType } from '../../../../src-shared/domain/engines/engine-layers';
import { generatedModel } from '../../../support/generated-model';
import { projectView } from '../state/fake-api';

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

let marked: ReadonlySet<string> | null | undefined;

function Shown() {
  const layers = useLayers();
  return layers === null ? null : createElement(Compared, { layers });
}

function Compared({ layers }: { readonly layers: Layers }) {
  const diff = useEngineDiff(layers);
  marked = diff?.marked;
  return diff === null ? null : createElement(EngineDiff, { layers, diff });
}

const RUN = '20261121T110000000Z-abcdef';

/** Compares engine b with fp16; both as the store holds them once they are loaded. */
function compare(b: EngineView | null, shown: string | null = null): void {
  const a = engine('fp16', 'fp16', [0.01, 0.02]);
  useEngineStore.setState({
    projectPath: '/data/a.calib',
    shown,
    view: { variants: [], engine: b },
    comparedWith: 'fp16',
    compared: { variants: ['fp16'], engine: a },
  });
  render(createElement(Shown));
}

beforeEach(() => {
  setLanguage('en');
  useSession.setState({ ...useSession.getInitialState(), model: MODEL, project: projectView('/data/a.calib') });
  useSelection.setState({ layer: null, tensor: null });
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
    compare(engine('int8', 'int8', [0.015, 0.012]));
    expect(screen.getByText('fp16: 30.0 µs → int8: 27.0 µs')).toBeTruthy();
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
    compare(engine('int8', 'int8', [0.015], 1));
    expect(screen.getByText(/unlike devices/)).toBeTruthy();
  });

  it('names the run of an engine, and marks the layers of the chosen group in the graph', () => {
    const shared = engine('int8', 'int8', [0.015, 0.012]);
    const [kernel, ...rest] = shared.layers;
    if (kernel === undefined) throw new Error('no kernel');
    const fused = { ...shared, layers: [{ ...kernel, onnxLayers: names.slice(0, 2) }, ...rest] };
    compare(fused, `${RUN}:int8`);
    expect(screen.getByText(/^fp16: 30.0 µs → int8 of 21 Nov 2026.*27.0 µs$/)).toBeTruthy();
    expect(marked).toBeNull();
    act(() => useSelection.getState().selectLayer(names[1] ?? ''));
    expect(marked).toEqual(new Set(names.slice(0, 2)));
    expect(screen.getByRole('row', { selected: true }).textContent).toMatch(/and 1 more/);
  });

  it('saves what it shows, as the command line prints it', async () => {
    const saved: Blob[] = [];
    vi.stubGlobal('URL', {
      ...URL,
      createObjectURL: (blob: Blob) => saved.push(blob),
      revokeObjectURL: () => undefined,
    });
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
    compare(engine('int8', 'int8', [0.015, 0.012]), `${RUN}:int8`);
    screen.getByRole('button', { name: 'CSV' }).click();
    screen.getByRole('button', { name: 'JSON' }).click();
    vi.unstubAllGlobals();
    const [csv = '', json = ''] = await Promise.all(saved.map((blob) => blob.text()));
    expect(csv.split('\r\n')[1]).toMatch(/^[^,]+,[^,]+,fp16,int8,0.010000,0.015000,0.000000,0.000000,0.005000,/);
    const { a, b, differences } = JSON.parse(json) as EngineComparison;
    expect([a.variant, b.runId, b.totalMs, differences.length]).toEqual(['fp16', RUN, 0.027, 2]);
  });

  it('says so if one of the engines has no times', () => {
    compare(null);
    expect(screen.getByText(/no times of layers to compare/)).toBeTruthy();
  });
});
