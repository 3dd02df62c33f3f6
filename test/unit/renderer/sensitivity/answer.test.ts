// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { createElement, type ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeatStrip } from '../../../../src-renderer/features/sensitivity/heat-strip';
import { sensitivityRows } from '../../../../src-renderer/features/sensitivity/sensitivity-options';
import { SensitivityTable } from '../../../../src-renderer/features/sensitivity/sensitivity-table';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useSession } from '../../../../src-renderer/state/session';
import { damageShares, type LayerRow, layerRows } from '../../../../src-renderer/panels/layers/layer-rows';
import { fakeModelApi } from '../../../support/fake-model-api';
import { sensitivityLayer, sensitivityResult } from '../analysis-results';

const RESULT = sensitivityResult({ layers: [sensitivityLayer('conv_1', 8), sensitivityLayer('conv_0', 2)] });
const session = useSession.getState;
const onChoose = vi.fn<(layer: string) => void>();
let show: (element: ReactElement) => void;

const rows = (): LayerRow[] => layerRows(session().model ?? { layers: [] }, null, damageShares(RESULT));
const plan = (): Readonly<Record<string, string>> => session().project?.file.plan.layers ?? {};
const grid = (): HTMLElement => screen.getByRole('grid');

function showTable(active: string | null): void {
  const layers = rows();
  const tried = sensitivityRows(RESULT, (layer) => layers.find((row) => row.layer === layer));
  show(createElement(SensitivityTable, { result: RESULT, rows: tried, layerRows: layers, active, onChoose }));
}

beforeEach(async () => {
  setLanguage('en');
  // jsdom lays nothing out.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(300);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(600);
  HTMLElement.prototype.scrollTo = vi.fn() as typeof HTMLElement.prototype.scrollTo;
  onChoose.mockReset();
  session().connect(fakeModelApi(12));
  await session().openProject('/projects/generated.calib');
  await vi.waitFor(() => expect(session().model).not.toBeNull());
  show = render(null).rerender;
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

describe('SensitivityTable', () => {
  it('shows each layer that was tried with its score, highest first, and what the change gives', async () => {
    showTable(null);
    const lines = screen
      .getAllByRole('row')
      .slice(1)
      .map((row) => row.textContent);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/conv_1.*\+8\.00 dB.*28\.0 dB.*97\.00 %.*96\.00 %.*night 92\.00 %/);
    expect(lines[1]).toMatch(/conv_0.*\+2\.00 dB/);
  });

  it('changes a layer by its toggle and by Enter, each undoable by name', async () => {
    showTable('conv_0');
    fireEvent.click(within(screen.getByRole('group', { name: 'Precision of conv_1' })).getByTitle('FP16'));
    await vi.waitFor(() => expect(plan()).toEqual({ conv_1: 'fp16' }));
    fireEvent.keyDown(grid(), { key: 'Enter' });
    await vi.waitFor(() => expect(plan()).toEqual({ conv_1: 'fp16', conv_0: 'fp16' }));
    expect(session().history.undoable.map((step) => step.name)).toEqual(['conv_1 to FP16', 'conv_0 to FP16']);
    await vi.waitFor(() => expect(rows()[0]?.planned).toBe('fp16'));
    showTable('conv_0');
    fireEvent.keyDown(grid(), { key: 'Enter' });
    await vi.waitFor(() => expect(plan()).toEqual({ conv_1: 'fp16' }));
  });

  it('walks with the arrow keys, which choose the layer everywhere', () => {
    showTable('conv_1');
    fireEvent.keyDown(grid(), { key: 'ArrowDown' });
    expect(onChoose.mock.calls.map(([layer]) => layer)).toEqual(['conv_0']);
  });
});

describe('HeatStrip', () => {
  const text = (layer: string): string | null => (layer === 'conv_1' ? '+8.00 dB' : null);
  const showStrip = (active: string | null): HTMLElement => {
    show(createElement(HeatStrip, { rows: rows(), textOf: text, active, onChoose }));
    return screen.getByRole('slider');
  };

  it('has one column per layer: as high as its share, in its colour, and the least still to be seen', () => {
    const columns = [...showStrip(null).querySelectorAll('rect')];
    expect(columns).toHaveLength(12);
    expect(columns.slice(0, 3).map((column) => [Number(column.getAttribute('height')), column.style.fill])).toEqual([
      [0.25, 'var(--ramp-1)'],
      [1, 'var(--ramp-0)'],
      [0.06, 'var(--line)'],
    ]);
  });

  it('is a slider over the layers that says name, operator and score', () => {
    const slider = showStrip('conv_1');
    expect(slider.getAttribute('aria-valuenow')).toBe('2');
    expect(slider.getAttribute('aria-valuetext')).toBe('2. conv_1 (Conv): +8.00 dB');
    fireEvent.keyDown(slider, { key: 'ArrowRight' });
    fireEvent.keyDown(slider, { key: 'ArrowLeft' });
    fireEvent.keyDown(slider, { key: 'End' });
    expect(onChoose.mock.calls.map(([layer]) => layer)).toEqual([rows()[2]?.layer, 'conv_0', rows()[11]?.layer]);
  });

  it('reads the column under the pointer and chooses it with a click', () => {
    const slider = showStrip('conv_1');
    vi.spyOn(slider, 'getBoundingClientRect').mockReturnValue({ left: 100, width: 120 } as DOMRect);
    fireEvent(slider, new MouseEvent('pointermove', { bubbles: true, clientX: 105 }));
    expect(screen.getByTestId('heat-strip-caption').textContent).toBe('1. conv_0 (Conv): not tried');
    fireEvent.click(slider);
    expect(onChoose).toHaveBeenCalledWith('conv_0');
  });
});
