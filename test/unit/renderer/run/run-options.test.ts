import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../../src-shared/contract/requests';
import { parseVariant } from '../../../../src-shared/domain/project/variant';
import {
  DEFAULT_OPTIONS,
  OFFERED_VARIANTS,
  parseOptions,
  specOf,
  startProblems,
  toggleVariant,
} from '../../../../src-renderer/features/run/run-options';

const PROJECT = { target: 'onnxruntime', calibrated: true, hasValidationSet: true } as const;

describe('specOf', () => {
  it('leaves out what is left open', () => {
    expect(specOf('run', DEFAULT_OPTIONS, '/p.calib')).toEqual({
      kind: 'run',
      projectPath: '/p.calib',
      variants: DEFAULT_OPTIONS.variants,
    });
    expect(specOf('calibrate', { ...DEFAULT_OPTIONS, threads: 2, limit: 10 }, '/p.calib')).toEqual({
      kind: 'calibrate',
      projectPath: '/p.calib',
      threads: 2,
    });
  });

  it('asks for TensorRT’s grid when calibrating, alone or within a run, and only then', () => {
    const wanted = { ...DEFAULT_OPTIONS, isTensorrtGridWanted: true };
    expect(specOf('calibrate', wanted, '/p.calib')).toEqual({
      kind: 'calibrate',
      projectPath: '/p.calib',
      tensorrtGridBatch: 32,
    });
    expect(
      parseRequest('startJob', specOf('calibrate', { ...wanted, tensorrtGridBatch: 8 }, '/p.calib')),
    ).toMatchObject({ tensorrtGridBatch: 8 });
    expect(specOf('run', wanted, '/p.calib')).toMatchObject({ tensorrtGridBatch: 32 });
    for (const kind of ['validate', 'bench', 'build'] as const)
      expect(specOf(kind, wanted, '/p.calib')).not.toHaveProperty('tensorrtGridBatch');
  });

  it('gives each kind of job only what it knows, and the application accepts it', () => {
    const all = {
      ...DEFAULT_OPTIONS,
      threads: 2,
      rounds: 5,
      limit: 100,
      activationType: 'uint8',
      target: 'onnxruntime',
    } as const;
    for (const kind of ['run', 'calibrate', 'validate', 'bench', 'build'] as const) {
      const spec = specOf(kind, all, '/p.calib');
      expect(parseRequest('startJob', spec)).toEqual(spec);
      expect('rounds' in spec).toBe(kind === 'run' || kind === 'bench');
      expect('limit' in spec).toBe(kind === 'run' || kind === 'validate');
    }
  });
});

describe('analyses', () => {
  const wanted = { ...DEFAULT_OPTIONS, analyses: ['search', 'diagnose'] } as const;

  it('belong to the whole job', () => {
    expect(parseRequest('startJob', specOf('run', wanted, '/p.calib'))).toMatchObject({
      searches: true,
      diagnoses: true,
    });
    expect(specOf('validate', wanted, '/p.calib')).not.toHaveProperty('searches');
  });

  it('want a mixed row for the plan that a search finds', () => {
    expect(startProblems('run', { ...wanted, variants: ['fp32', 'int8'] }, PROJECT)).toEqual([
      'run.problem.searchWithoutMixed',
    ]);
    expect(startProblems('run', { ...wanted, analyses: ['diagnose'], variants: ['fp32', 'int8'] }, PROJECT)).toEqual(
      [],
    );
  });

  it('survive a reload', () => {
    expect(parseOptions(JSON.parse(JSON.stringify(wanted)))).toEqual(wanted);
    expect(parseOptions({ analyses: ['guess', 'diagnose'] }).analyses).toEqual(['diagnose']);
  });
});

describe('startProblems', () => {
  it('has none for the defaults', () => {
    for (const kind of ['run', 'calibrate', 'validate', 'bench'] as const)
      expect(startProblems(kind, DEFAULT_OPTIONS, PROJECT)).toEqual([]);
  });

  it('names what stands in the way', () => {
    const simulated = { ...DEFAULT_OPTIONS, target: 'tensorrt', activationType: 'uint8' } as const;
    expect(startProblems('run', simulated, PROJECT)).toEqual(['run.problem.simulated', 'run.problem.uint8']);
    expect(
      startProblems('validate', { ...DEFAULT_OPTIONS, variants: [] }, { ...PROJECT, hasValidationSet: false }),
    ).toEqual(['run.problem.noVariant', 'run.problem.noValidation']);
  });

  it('asks for a calibration only where a variant needs one', () => {
    const fresh = { ...PROJECT, calibrated: false };
    expect(startProblems('bench', DEFAULT_OPTIONS, fresh)).toEqual(['run.problem.notCalibrated']);
    expect(startProblems('bench', { ...DEFAULT_OPTIONS, variants: ['fp32', 'fp16'] }, fresh)).toEqual([]);
    expect(startProblems('run', DEFAULT_OPTIONS, fresh)).toEqual([]);
  });
});

describe('variants', () => {
  it('offers only names that the application knows', () => {
    expect(OFFERED_VARIANTS.map((name) => parseVariant(name).text)).toEqual(OFFERED_VARIANTS);
  });

  it('keeps the offered order when one is switched', () => {
    expect(toggleVariant(['fp32', 'mixed'], 'int8')).toEqual(['fp32', 'int8', 'mixed']);
    expect(toggleVariant(['fp32', 'int8'], 'fp32')).toEqual(['int8']);
  });
});

describe('parseOptions', () => {
  it('keeps what fits and falls back field by field', () => {
    expect(
      parseOptions({
        variants: ['mixed', 'int9', 'fp32'],
        threads: 3,
        rounds: -1,
        limit: 1.5,
        activationType: 'float',
        target: 'tensorrt',
        isTensorrtGridWanted: 1,
        tensorrtGridBatch: 0,
      }),
    ).toEqual({
      variants: ['fp32', 'mixed'],
      backend: 'ort-cpu',
      batches: [1],
      threads: 3,
      rounds: null,
      limit: null,
      activationType: 'int8',
      target: 'tensorrt',
      isTensorrtGridWanted: false,
      tensorrtGridBatch: 32,
      analyses: [],
    });
    expect(parseOptions('broken')).toEqual(DEFAULT_OPTIONS);
  });
});

describe('a run on a GPU', () => {
  const options = { ...DEFAULT_OPTIONS, backend: 'tensorrt', batches: [1, 32], target: 'onnxruntime' } as const;

  it('asks for the backend and its batch, and leaves the target to it', () => {
    expect(specOf('run', options, '/p.calib')).toMatchObject({
      kind: 'run',
      backend: 'tensorrt',
      tensorrt: { batches: [1, 32] },
    });
    expect(specOf('run', options, '/p.calib')).not.toHaveProperty('target');
  });

  it('of ONNX Runtime keeps the target, and times at every batch', () => {
    const onWebgpu = { ...options, backend: 'ort-webgpu', batches: [1, 8] } as const;
    expect(specOf('bench', onWebgpu, '/p.calib')).toMatchObject({
      backend: 'ort-webgpu',
      target: 'onnxruntime',
      tensorrt: { batches: [1, 8] },
    });
    expect(
      startProblems(
        'bench',
        { ...onWebgpu, target: 'tensorrt' },
        { target: 'tensorrt', calibrated: true, hasValidationSet: true },
      ),
    ).toEqual([]);
    expect(specOf('run', { ...DEFAULT_OPTIONS, batches: [1] }, '/p.calib')).not.toHaveProperty('tensorrt');
  });

  it('is no simulation', () => {
    const facts = { target: 'tensorrt', calibrated: true, hasValidationSet: true } as const;
    expect(startProblems('run', options, facts)).toEqual([]);
    expect(startProblems('run', { ...options, backend: 'ort-cpu', target: null }, facts)).toEqual([
      'run.problem.simulated',
    ]);
  });

  it('survives a reload', () => {
    expect(parseOptions(JSON.parse(JSON.stringify(options)))).toEqual(options);
    expect(parseOptions({ ...options, backend: 'abacus', batches: [8, 1] })).toMatchObject({
      backend: 'ort-cpu',
      batches: [1],
    });
    expect(parseOptions({ ...options, batches: [1, 'x'] }).batches).toEqual([1]);
  });
});
