import { describe, expect, it } from 'vitest';
import type { ModelView } from '../../../../src-shared/contract/views';
import type { Precision } from '../../../../src-shared/domain/project/precision';
import {
  applyLayerFilter,
  countPrecisions,
  decisionChanges,
  followModel,
  layersMatching,
} from '../../../../src-renderer/features/precision/plan-logic';
import { layersToChange } from '../../../../src-renderer/panels/layers/ask-precision';
import { chooseRow, layerRows, onlyRow } from '../../../../src-renderer/panels/layers/layer-rows';
import { generatedModel } from '../../../support/generated-model';

const model = generatedModel(60, { layers: { conv_1: 'fp16' } });
const rows = layerRows(model, null);

describe('which layers an edit is about', () => {
  it('leaves out those that have the precision already', () => {
    expect(layersToChange(rows, new Set(['conv_1', 'relu_2']), 'fp16')).toEqual(['relu_2']);
    expect(layersToChange(rows, new Set(['conv_1', 'relu_2']), 'auto')).toEqual(['conv_1']);
    // INT8 by name is another wish than Auto, which may be INT8.
    expect(layersToChange(rows, new Set(['relu_2']), 'int8')).toEqual(['relu_2']);
  });

  it('matches whole names as the application does, and nothing for an empty pattern', () => {
    expect(layersMatching(rows, 'conv*')).toEqual(
      rows.filter((row) => row.layer.startsWith('conv')).map((row) => row.layer),
    );
    expect(layersMatching(rows, 'onv')).toEqual([]);
    expect(layersMatching(rows, ' ')).toEqual([]);
  });

  it('counts', () => {
    expect(countPrecisions(rows, (row) => row.planned)).toEqual({ int8: 59, fp16: 1, fp32: 0 });
    expect(countPrecisions(rows, (row) => row.runsIn)).toEqual({ int8: 58, fp16: 1, fp32: 1 });
  });

  it('filters to what was changed and to what is not as planned', () => {
    expect(applyLayerFilter(rows, 'changed', new Set(['conv_1'])).map((row) => row.layer)).toEqual(['conv_1']);
    expect(applyLayerFilter(rows, 'refused', new Set()).map((row) => row.op)).toEqual(['GlobalAveragePool']);
    expect(applyLayerFilter(rows, 'all', new Set())).toBe(rows);
  });
});

describe('decisionChanges', () => {
  const before = generatedModel(60);

  it('finds the layer asked for and tells it from neighbours that changed because of it', () => {
    const follows = withCode(model, 'relu_2', 'follows-fp16', 'fp16');
    expect(decisionChanges(before, follows)).toEqual([
      { layer: 'conv_1', before: 'int8', after: 'fp16', code: 'plan-fp16', isAsked: true },
      { layer: 'relu_2', before: 'int8', after: 'fp16', code: 'follows-fp16', isAsked: false },
    ]);
  });

  it('sees a change of an edge alone', () => {
    const edges =
      before.layers[3]?.edges.map((edge) => ({ ...edge, precision: 'fp16' as const, code: 'kept-float' })) ?? [];
    const after = {
      ...before,
      layers: before.layers.map((layer, index) => (index === 3 ? { ...layer, edges } : layer)),
    };
    expect(edges.length).toBeGreaterThan(0);
    expect(decisionChanges(before, after)).toEqual([
      { layer: 'conv_3', before: 'int8', after: 'int8', code: 'quantized', isAsked: false },
    ]);
  });

  it('keeps the last edit while the model is read again without a change, and forgets it with another model', () => {
    const first = followModel(null, before);
    const edited = followModel(first, model);
    expect(edited.changes).toHaveLength(1);
    expect(followModel(edited, generatedModel(60, { layers: { conv_1: 'fp16' } })).changes).toEqual(edited.changes);
    expect(followModel(edited, generatedModel(61)).changes).toEqual([]);
    expect(followModel(edited, model)).toBe(edited);
  });
});

describe('choosing rows', () => {
  const order = ['a', 'b', 'c', 'd', 'e'];
  const chosen = (selection: { readonly chosen: ReadonlySet<string> }): string[] => [...selection.chosen].toSorted();

  it('takes one, adds and removes with Ctrl, takes a range with Shift from where it began', () => {
    const one = chooseRow(onlyRow('a'), order, 'b', 'only');
    expect(chosen(one)).toEqual(['b']);
    const two = chooseRow(one, order, 'd', 'toggle');
    expect(chosen(two)).toEqual(['b', 'd']);
    expect(chosen(chooseRow(two, order, 'b', 'toggle'))).toEqual(['d']);
    const range = chooseRow(one, order, 'd', 'range');
    expect(chosen(range)).toEqual(['b', 'c', 'd']);
    expect(chosen(chooseRow(range, order, 'a', 'range'))).toEqual(['a', 'b']);
  });

  it('takes ranges in the order shown, and only the row itself when the beginning is filtered away', () => {
    expect(chosen(chooseRow(onlyRow('e'), ['e', 'a', 'c'], 'a', 'range'))).toEqual(['a', 'e']);
    expect(chosen(chooseRow(onlyRow('b'), ['a', 'c'], 'c', 'range'))).toEqual(['c']);
  });
});

function withCode(view: ModelView, name: string, code: string, precision: Precision): ModelView {
  return {
    ...view,
    layers: view.layers.map((layer) =>
      layer.layer === name ? { ...layer, decision: { ...layer.decision, code, precision } } : layer,
    ),
  };
}
