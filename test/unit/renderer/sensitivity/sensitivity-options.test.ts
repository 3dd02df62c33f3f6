import { describe, expect, it } from 'vitest';
import {
  DEFAULT_OPTIONS,
  sensitivityProblem,
  sensitivitySpec,
} from '../../../../src-renderer/features/sensitivity/sensitivity-options';
import { parseRequest } from '../../../../src-shared/contract/guards';
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

describe('sensitivityProblem', () => {
  it('says that labels are missing, and only where they are needed', () => {
    const byTop1 = { ...DEFAULT_OPTIONS, metric: 'top1' as const };
    expect(sensitivityProblem('release', byTop1, plain.file)).toBe('sensitivity.problem.labels');
    expect(sensitivityProblem('release', byTop1, validated.file)).toBeNull();
    expect(sensitivityProblem('visible', byTop1, plain.file)).toBeNull();
    expect(sensitivityProblem('release', DEFAULT_OPTIONS, plain.file)).toBeNull();
  });
});
