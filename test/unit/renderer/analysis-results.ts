import type { AnalysesView } from '../../../src-shared/contract/views';
import type {
  AutoResult,
  DiagnosisResult,
  SearchPlan,
  SearchResult,
  SensitivityLayer,
  SensitivityResult,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';

/** Results of analyses as the application would give them, for the tests of screens and stores. */

export function quality(changes: Partial<TrialQuality> = {}): TrialQuality {
  return {
    nmse: 0.01,
    sqnrDb: 20,
    worstGroupNmse: { name: 'night', nmse: 0.02 },
    agreement: 97,
    top1: 96,
    worstGroup: { name: 'night', top1: 92 },
    groupTop1: { day: 99.5, night: 92 },
    ...changes,
  };
}

export const FP32 = quality({
  nmse: 0,
  sqnrDb: null,
  worstGroupNmse: null,
  agreement: 100,
  top1: 97,
  worstGroup: { name: 'night', top1: 94 },
  groupTop1: { day: 99.5, night: 94 },
});

export function sensitivityLayer(
  layer: string,
  score: number,
  changes: Partial<SensitivityLayer> = {},
): SensitivityLayer {
  return {
    layer,
    op: 'Conv',
    score,
    metric: 'sqnr',
    quality: quality({ sqnrDb: 20 + score }),
    sqnrDb: 20 + score,
    ...changes,
  };
}

export function sensitivityResult(changes: Partial<SensitivityResult> = {}): SensitivityResult {
  return {
    kind: 'release',
    metric: 'sqnr',
    target: 'onnxruntime',
    set: 'calibration',
    images: 64,
    baseline: quality(),
    layers: [sensitivityLayer('conv_1', 8), sensitivityLayer('conv_0', 2)],
    passes: 192,
    seconds: 3,
    createdAt: '2026-11-20T10:00:00.000Z',
    ...changes,
  };
}

export function searchPlan(fp16Layers: readonly string[], changes: Partial<SearchPlan> = {}): SearchPlan {
  return {
    fp16Layers,
    quality: quality(),
    top1: 96,
    worstGroupTop1: 92,
    latencyMs: 1,
    latencyKind: 'modelled',
    meetsLimit: false,
    isPareto: true,
    ...changes,
  };
}

export function searchResult(changes: Partial<SearchResult> = {}): SearchResult {
  return {
    target: 'onnxruntime',
    method: null,
    judgedOn: 'validation',
    images: 600,
    fp32: FP32,
    limits: { maxDrop: 0.5, maxWorstGroupDrop: 1, maxLayers: null, maxNmse: 0.02 },
    ranking: [
      { layer: 'conv_1', gain: 8 },
      { layer: 'conv_0', gain: 2 },
    ],
    plans: [
      searchPlan([]),
      searchPlan(['conv_1'], {
        quality: quality({
          top1: 96.8,
          groupTop1: { day: 99.5, night: 93.6 },
          worstGroup: { name: 'night', top1: 93.6 },
        }),
        latencyMs: 1.2,
        meetsLimit: true,
      }),
      searchPlan(['conv_1', 'conv_0'], { quality: quality({ top1: 96.7 }), latencyMs: 1.4, isPareto: false }),
    ],
    references: [
      { variant: 'fp32', latencyMs: 2.4, latencyKind: 'modelled' },
      { variant: 'fp16', latencyMs: 1.3, latencyKind: 'modelled' },
    ],
    chosen: 1,
    summary: 'One layer in FP16 is enough.',
    passes: 1800,
    seconds: 20,
    createdAt: '2026-11-20T11:00:00.000Z',
    ...changes,
  };
}

export function autoResult(changes: Partial<AutoResult> = {}): AutoResult {
  return {
    target: 'onnxruntime',
    images: { chosen: 64, confirmed: 64 },
    groups: ['day', 'night'],
    singles: [
      { method: 'minmax', chosen: 0.02, confirmed: 0.021 },
      { method: 'entropy', chosen: 0.3, confirmed: 0.31 },
    ],
    descent: { chosen: 0.01, confirmed: 0.012 },
    verdict: 'descent',
    bestSingle: 'minmax',
    summary: 'auto is better than one method.',
    choices: [
      {
        tensor: 'conv_0_out',
        method: 'minmax',
        threshold: 4,
        code: 'same-as-single',
        reason: 'As the best single method.',
      },
      { tensor: 'conv_1_out', method: 'mse', threshold: 2.5, code: 'descent', reason: 'Lowers the error of night.' },
    ],
    passes: 900,
    seconds: 9,
    createdAt: '2026-11-20T12:00:00.000Z',
    ...changes,
  };
}

export function diagnosis(changes: Partial<DiagnosisResult> = {}): DiagnosisResult {
  return {
    variant: 'mixed',
    target: 'onnxruntime',
    subject: { kind: 'group', group: 'night' },
    title: 'night',
    images: 64,
    clipped: [{ tensor: 'conv_1_out', threshold: 2.5, clippedFraction: 0.12, elsewhere: 0.001 }],
    actions: [
      {
        kind: 'release',
        name: 'conv_1',
        precision: 'fp16',
        before: quality({ top1: 70 }),
        after: quality({ top1: 93 }),
        sentence: 'Keeping conv_1 in FP16 wins it back.',
      },
      {
        kind: 'threshold',
        name: 'conv_1_out',
        method: 'minmax',
        before: quality({ top1: 70 }),
        after: quality({ top1: 92 }),
        sentence: 'MinMax does not clip it.',
      },
    ],
    summary: 'Night is clipped in one tensor.',
    createdAt: '2026-11-20T13:00:00.000Z',
    ...changes,
  };
}

export const NO_ANALYSES: AnalysesView = { sensitivity: {}, auto: null, search: null, diagnoses: [] };
