import { describe, expect, it } from 'vitest';
import type { ModelView, ThresholdTable } from '../../../../src-shared/contract/views';
import { findItems, matchScore, paletteItems, rankByQuery } from '../../../../src-renderer/app/palette-items';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useView } from '../../../../src-renderer/state/view';

const nothing = (): void => undefined;
const items = paletteItems({
  commands: [
    { id: 'app.undo', titleKey: 'app.undo', run: nothing, isEnabled: () => false },
    {
      id: 'run.export-onnx',
      titleKey: 'app.command.export',
      titleParams: { what: 'Quantized model (ONNX)' },
      run: nothing,
    },
    { id: 'app.open-model', titleKey: 'app.open.model', keys: ['Alt+2'], run: nothing },
  ],
  thresholds: {
    method: 'entropy',
    tensors: [{ name: '/backbone/Relu_output_0' }, { name: '__proto__' }],
  } as unknown as ThresholdTable,
  model: { layers: [{ layer: '/backbone/conv_12/Conv' }] } as unknown as ModelView,
  projects: [
    { path: '/data/night.calib', name: 'night', openedAt: '', exists: true },
    { path: '/data/open.calib', name: 'open', openedAt: '', exists: true },
    { path: '/data/gone.calib', name: 'gone', openedAt: '', exists: false },
  ],
  openPath: '/data/open.calib',
});
const found = (query: string): readonly string[] =>
  findItems(items, query).map(({ kind, title }) => `${kind}: ${title}`);

describe('the palette finds', () => {
  it.each([
    ['export', 'command: Export: Quantized model (ONNX)'],
    ['undo', 'command: Undo'],
    ['relu_out', 'tensor: /backbone/Relu_output_0'],
    ['__proto__', 'tensor: __proto__'],
    ['conv_12', 'layer: /backbone/conv_12/Conv'],
    ['night', 'project: /data/night.calib'],
  ])('"%s"', (query, first) => {
    expect(found(query)[0]).toBe(first);
  });

  it('the project that is open, and one that is gone, nowhere', () => {
    expect(found('open.calib')).toEqual([]);
    expect(found('gone')).toEqual([]);
  });

  it('without a query the commands that can be run now', () => {
    expect(found('')).toEqual(['command: Export: Quantized model (ONNX)', 'command: Open Model']);
    expect(findItems(items, 'undo')[0]?.isEnabled).toBe(false);
  });

  it('a tensor and shows its histogram, a layer and shows it in the graph', () => {
    findItems(items, 'relu_out')[0]?.run();
    expect([useView.getState().screen, useSelection.getState().tensor]).toEqual([
      'histogram',
      '/backbone/Relu_output_0',
    ]);
    findItems(items, 'conv_12')[0]?.run();
    expect([useView.getState().screen, useSelection.getState().layer]).toEqual(['model', '/backbone/conv_12/Conv']);
  });
});

const titles = ['Open Results', 'Run the whole job', 'Redo', 'Open Histograms', 'First layer and head in FP16'];
const rank = (query: string): readonly string[] => rankByQuery(titles, query, (title) => title);

describe('the palette ranks', () => {
  it('finds by letters in order, best first', () => {
    expect(rank('re')[0]).toBe('Redo');
    expect(rank('oh')[0]).toBe('Open Histograms');
    expect(rank('head fp16')).toEqual(['First layer and head in FP16']);
  });

  it('shows everything in its order without a query, and nothing that does not fit', () => {
    expect(rank(' ')).toEqual(titles);
    expect(rank('xyz')).toEqual([]);
    expect(matchScore('ba', 'ab')).toBeNull();
  });
});
