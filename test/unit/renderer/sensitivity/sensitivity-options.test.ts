import { beforeEach, describe, expect, it } from 'vitest';
import {
  DEFAULT_OPTIONS,
  filterSensitivity,
  METRIC_CHOICES,
  scoreText,
  sensitivityProblem,
  sensitivityRows,
  sensitivitySpec,
} from '../../../../src-renderer/features/sensitivity/sensitivity-options';
import { setLanguage, t } from '../../../../src-renderer/i18n';
import { layerRows } from '../../../../src-renderer/panels/layers/layer-rows';
import { parseRequest } from '../../../../src-shared/contract/requests';
import { SENSITIVITY_METRICS } from '../../../../src-shared/domain/analysis/analysis';
import { generatedModel } from '../../../support/generated-model';
import { quality, sensitivityLayer } from '../analysis-results';
import { projectView } from '../state/fake-api';

const plain = projectView();
const validated = projectView('/data/a.calib', { validationSet: { path: '/data/val', labels: null } });

describe('sensitivitySpec', () => {
  it('asks what the screen shows, and the application takes it', () => {
    const spec = sensitivitySpec('release', DEFAULT_OPTIONS, plain);
    expect(spec).toEqual({
      kind: 'sensitivity',
      projectPath: '/data/a.calib',
      question: 'release',
      metric: 'sqnr',
      set: 'calibration',
      limit: 64,
    });
    expect(parseRequest('startJob', spec)).toEqual(spec);
  });

  it('measures what is visible by SQNR alone', () => {
    expect(sensitivitySpec('visible', { ...DEFAULT_OPTIONS, metric: 'top1' }, validated)).toMatchObject({
      metric: 'sqnr',
      set: 'calibration',
    });
  });

  it('takes labels from the validation set, and no validation set where there is none', () => {
    expect(sensitivitySpec('cause', { ...DEFAULT_OPTIONS, metric: 'worst-group' }, validated).set).toBe('validation');
    expect(sensitivitySpec('cause', { ...DEFAULT_OPTIONS, set: 'validation' }, plain).set).toBe('calibration');
    expect(sensitivitySpec('cause', { ...DEFAULT_OPTIONS, set: 'validation' }, validated).set).toBe('validation');
  });

  it('names layers only when a pattern is given', () => {
    expect(sensitivitySpec('release', { ...DEFAULT_OPTIONS, layers: '  conv* ' }, plain).layers).toBe('conv*');
    expect(sensitivitySpec('release', { ...DEFAULT_OPTIONS, layers: '  ' }, plain)).not.toHaveProperty('layers');
  });
});

describe('the metrics to choose from', () => {
  it('have texts in both languages, and top-1 is the measure of the task', () => {
    expect(METRIC_CHOICES).toEqual(['sqnr', 'agreement', 'measure', 'worst-group']);
    for (const language of ['en', 'zh'] as const) {
      setLanguage(language);
      for (const metric of SENSITIVITY_METRICS)
        expect(t(`sensitivity.metric.${metric}`)).not.toBe(`sensitivity.metric.${metric}`);
    }
  });
});

describe('sensitivityProblem', () => {
  it('says that labels are missing, and only where they are needed', () => {
    const byTop1 = { ...DEFAULT_OPTIONS, metric: 'top1' as const };
    expect(sensitivityProblem('release', byTop1, plain.file)).toBe('sensitivity.problem.labels');
    expect(sensitivityProblem('release', byTop1, validated.file)).toBeNull();
    expect(sensitivityProblem('release', { ...DEFAULT_OPTIONS, metric: 'measure' }, plain.file)).toBe(
      'sensitivity.problem.labels',
    );
    expect(sensitivityProblem('visible', byTop1, plain.file)).toBeNull();
    expect(sensitivityProblem('release', DEFAULT_OPTIONS, plain.file)).toBeNull();
  });
});

beforeEach(() => setLanguage('en'));

describe('scoreText', () => {
  it('says what is won back with a plus and what is lost with a minus', () => {
    expect(scoreText({ kind: 'release', metric: 'sqnr', baseline: quality() }, { score: 3.24, sqnrDb: 23 })).toBe(
      '+3.24 dB',
    );
    expect(scoreText({ kind: 'release', metric: 'sqnr', baseline: quality() }, { score: -0.4, sqnrDb: 19 })).toBe(
      '−0.40 dB',
    );
    expect(scoreText({ kind: 'release', metric: 'sqnr', baseline: quality() }, { score: 0.001, sqnrDb: 20 })).toBe(
      '0.00 dB',
    );
    expect(scoreText({ kind: 'release', metric: 'worst-group', baseline: quality() }, { score: 1.2, sqnrDb: 23 })).toBe(
      '+1.20 pp',
    );
    expect(scoreText({ kind: 'cause', metric: 'top1', baseline: quality() }, { score: 1.2, sqnrDb: 23 })).toBe(
      '−1.20 pp',
    );
  });

  it('gives points of AP no unit', () => {
    const baseline = quality({ top1: null, measure: { name: 'AP', value: 35.45, higherIsBetter: true } });
    expect(scoreText({ kind: 'release', metric: 'measure', baseline }, { score: 1.2, sqnrDb: 23 })).toBe('+1.20');
  });

  it('shows an error as the SQNR that it is', () => {
    expect(scoreText({ kind: 'visible', metric: 'sqnr', baseline: quality() }, { score: -18.04, sqnrDb: 18.04 })).toBe(
      '18.0 dB',
    );
    expect(scoreText({ kind: 'cause', metric: 'sqnr', baseline: quality() }, { score: -300, sqnrDb: null })).toBe(
      'no error',
    );
  });
});

describe('sensitivityRows', () => {
  const rows = layerRows(generatedModel(12, { layers: {} }), null);
  const rowOf = (layer: string): (typeof rows)[number] | undefined => rows.find((row) => row.layer === layer);
  const layers = [sensitivityLayer('conv_1', 8), sensitivityLayer('gone', 5), sensitivityLayer('conv_0', 2)];

  it('keeps the order of the answer and leaves out what the model no longer has', () => {
    expect(sensitivityRows({ layers }, rowOf).map(({ entry, row }) => [entry.layer, row.number])).toEqual([
      ['conv_1', 2],
      ['conv_0', 1],
    ]);
  });

  it('finds layers by name and operator', () => {
    const found = sensitivityRows({ layers }, rowOf);
    expect(filterSensitivity(found, 'CONV _1').map(({ entry }) => entry.layer)).toEqual(['conv_1']);
    expect(filterSensitivity(found, 'gemm')).toEqual([]);
    expect(filterSensitivity(found, ' ')).toBe(found);
  });
});
