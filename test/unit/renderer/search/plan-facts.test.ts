import { describe, expect, it } from 'vitest';
import {
  adoption,
  dropOf,
  isInUse,
  isJudgedByMeasure,
  measureLabel,
  measureOf,
  valueOf,
  worstGroupDrop,
} from '../../../../src-renderer/features/search/plan-facts';
import { DEFAULT_OPTIONS, limitsInForce, searchSpec } from '../../../../src-renderer/features/search/search-options';
import { parseRequest } from '../../../../src-shared/contract/requests';
import type { Method } from '../../../../src-shared/domain/project/methods';
import type { Precision } from '../../../../src-shared/domain/project/precision';
import { FP32, quality, searchPlan, searchResult } from '../analysis-results';
import { projectView } from '../state/fake-api';

const unlabelled = quality({ top1: null, worstGroup: null, groupTop1: {} });
const outputsOnly = quality({ top1: null, agreement: null, worstGroup: null, groupTop1: {} });

describe('what plans are compared by', () => {
  it('is accuracy, else agreement, else the error of the outputs', () => {
    expect(measureOf(searchResult())).toBe('measure');
    expect(measureOf(searchResult({ fp32: unlabelled, plans: [searchPlan([], { quality: unlabelled })] }))).toBe(
      'agreement',
    );
    expect(measureOf(searchResult({ fp32: outputsOnly, plans: [searchPlan([], { quality: outputsOnly })] }))).toBe(
      'sqnr',
    );
  });

  it('has the name of the measure, and plans of any labelled task are judged by it', () => {
    const detection = { name: 'AP', value: 35, higherIsBetter: true };
    const measured = quality({ top1: null, measure: detection });
    const result = searchResult({ fp32: measured, plans: [searchPlan([], { quality: measured })] });
    expect(measureLabel(result, 'search.column')).toBe('AP');
    expect(measureLabel(searchResult(), 'search.column')).toBe('Top-1');
    expect(isJudgedByMeasure({ judgedOn: 'validation', fp32: measured })).toBe(true);
    expect(isJudgedByMeasure({ judgedOn: 'validation', fp32: unlabelled })).toBe(false);
    expect(isJudgedByMeasure({ judgedOn: 'against', fp32: measured })).toBe(false);
  });

  it('counts drops from FP32, those of agreement from 100 %', () => {
    expect(dropOf(quality({ top1: 96 }), FP32, 'measure')).toBe(1);
    expect(dropOf(unlabelled, unlabelled, 'agreement')).toBe(3);
    expect(dropOf(outputsOnly, outputsOnly, 'sqnr')).toBeNull();
    expect(valueOf(outputsOnly, 'sqnr')).toBe(20);
  });

  it('judges each group by its own FP32: the one that loses most need not be the lowest', () => {
    const fp32 = quality({ groupTop1: { day: 99, night: 90 } });
    expect(worstGroupDrop(quality({ groupTop1: { day: 97, night: 89.5 } }), fp32)).toEqual({ group: 'day', drop: 2 });
    expect(worstGroupDrop(quality({ groupTop1: { day: 99.5, night: 90.25 } }), fp32)).toEqual({
      group: 'night',
      drop: -0.25,
    });
    expect(worstGroupDrop(unlabelled, fp32)).toBeNull();
  });
});

describe('adopting a plan', () => {
  it('changes the layers and nothing else of the plan', () => {
    const edits = adoption(
      { layers: { head: 'fp32' }, fallbackPrecision: 'fp16', attention: 'int8' },
      { fp16Layers: ['conv_1'], method: null },
    );
    expect(edits).toEqual([
      { kind: 'plan', plan: { layers: { conv_1: 'fp16' }, fallbackPrecision: 'fp16', attention: 'int8' } },
    ]);
    expect(parseRequest('editProject', { projectPath: '/data/a.calib', edits })).toEqual({
      projectPath: '/data/a.calib',
      edits,
    });
  });

  it('takes over the thresholds that the plan was tried with, for all tensors', () => {
    expect(adoption({ layers: {} }, { fp16Layers: [], method: 'auto' })).toEqual([
      { kind: 'plan', plan: { layers: {} } },
      { kind: 'method', method: 'auto' },
      { kind: 'clear-tensor', tensor: '*' },
    ]);
  });

  it('knows the plan that is in use, whatever says INT8 for itself', () => {
    const has = (
      layers: Record<string, Precision>,
      fp16Layers: readonly string[],
      method: Method | null = null,
    ): boolean => isInUse({ plan: { layers }, method: 'entropy', tensorMethods: {} }, { fp16Layers, method });
    expect(has({ conv_1: 'fp16', conv_2: 'int8' }, ['conv_1'])).toBe(true);
    expect(has({ conv_1: 'fp32' }, ['conv_1'])).toBe(false);
    expect(has({ conv_1: 'fp16', conv_2: 'fp16' }, ['conv_1'])).toBe(false);
    expect(has({}, [])).toBe(true);
    expect(has({}, [], 'entropy')).toBe(true);
    expect(has({}, [], 'auto')).toBe(false);
    expect(
      isInUse(
        { plan: { layers: {} }, method: 'auto', tensorMethods: { conv_1_out: 'manual' } },
        { fp16Layers: [], method: 'auto' },
      ),
    ).toBe(false);
  });
});

describe('searchSpec', () => {
  const gated = projectView('/data/a.calib', {
    gates: { maxTop1Drop: 0.3, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null },
  });

  it('begins at the project’s gates', () => {
    expect(limitsInForce(DEFAULT_OPTIONS, gated.file.gates)).toEqual({
      maxDrop: 0.3,
      maxWorstGroupDrop: 1,
      maxLayers: null,
      maxNmse: 0.02,
    });
    const spec = searchSpec(DEFAULT_OPTIONS, '', gated);
    expect(spec).toEqual({ kind: 'search', projectPath: '/data/a.calib', maxDrop: 0.3, maxWorstGroupDrop: 1 });
    expect(parseRequest('startJob', spec)).toEqual(spec);
  });

  it('carries what was chosen, and the folder from the field', () => {
    const spec = searchSpec(
      {
        maxDrop: 0,
        maxWorstGroupDrop: 2,
        maxNmse: 0.05,
        maxLayers: 3,
        limit: 100,
        method: 'minmax',
        usesTensorrt: true,
      },
      ' /data/field ',
      gated,
    );
    expect(spec).toMatchObject({
      maxDrop: 0,
      maxWorstGroupDrop: 2,
      maxNmse: 0.05,
      maxLayers: 3,
      limit: 100,
      againstPath: '/data/field',
      method: 'minmax',
      backend: 'tensorrt',
    });
    expect(parseRequest('startJob', spec)).toEqual(spec);
  });
});
