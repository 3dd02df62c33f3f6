// @vitest-environment jsdom
import { act, cleanup, configure, fireEvent, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import type { WorkbenchApi } from '../../../../src-shared/contract/api';
import type { ProjectView, ShapesView } from '../../../../src-shared/contract/views';
import type { JobSnapshot } from '../../../../src-shared/contract/jobs';
import { RunScreen } from '../../../../src-renderer/features/run/run-screen';
import { useRunOptions } from '../../../../src-renderer/features/run/run-store';
import { useShapeProfiles } from '../../../../src-renderer/features/run/shape-profiles';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useSession } from '../../../../src-renderer/state/session';

const PROJECT: ProjectView = {
  path: '/p.calib',
  calibrated: true,
  file: {
    version: 1,
    name: 'p',
    model: { path: '/m.onnx', sha256: 'a' },
    calibrationSet: { path: '/c', labels: null },
    validationSet: { path: '/v', labels: null },
    preprocessing: {
      resize: { kind: 'none' },
      crop: null,
      order: 'rgb',
      scale: 1,
      mean: [0],
      std: [1],
      layout: 'nchw',
    },
    preprocessingNotes: [],
    method: 'entropy',
    percentile: 99.99,
    tensorMethods: {},
    manualThresholds: {},
    importedThresholds: {},
    plan: { layers: {} },
    target: 'onnxruntime',
    gates: { maxTop1Drop: 1, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null },
  },
};

const RUNNING: JobSnapshot = {
  id: jobId('j'),
  kind: 'run',
  projectPath: '/p.calib',
  sequence: 40,
  state: 'running',
  phase: 'benchmarking',
  done: 7,
  total: 20,
  unit: 'rounds',
  etaSeconds: 12,
  error: null,
  forced: false,
  result: null,
};

const startJob = vi.fn<WorkbenchApi['startJob']>();
const cancelJob = vi.fn<WorkbenchApi['cancelJob']>();
const editProject = vi.fn<WorkbenchApi['editProject']>();
const getShapes = vi.fn<WorkbenchApi['getShapes']>();
const exportProject = vi.fn<WorkbenchApi['exportProject']>();

// jsdom applies no style sheet: to ask it for the visibility of each element only takes time.
configure({ defaultHidden: true });

beforeEach(async () => {
  window.matchMedia = vi
    .fn()
    .mockReturnValue({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() });
  startJob.mockReset().mockResolvedValue({ jobId: jobId('j') });
  cancelJob.mockReset().mockResolvedValue({ ...RUNNING, sequence: 41, state: 'cancelled' });
  editProject.mockReset().mockResolvedValue(PROJECT);
  const api = {
    ...useSession.getState().api,
    startJob,
    cancelJob,
    editProject,
    exportProject,
    getShapes,
    getJob: () => Promise.resolve(RUNNING),
  };
  useSession.setState({ api, project: PROJECT });
  useJobs.setState({ jobs: [], rates: {} });
  await act(async () => void render(createElement(RunScreen)));
});

afterEach(cleanup);

const button = (name: string | RegExp): HTMLButtonElement => screen.getByRole('button', { name });
const click = (name: string | RegExp): Promise<void> => act(async () => void fireEvent.click(button(name)));

const SHAPES: ShapesView = {
  modelPath: '/data/m.onnx',
  inputs: [{ name: 'images', dims: ['N', 3, '?', '?'], hasBatch: true }],
  proposal: [[{ input: 'images', min: [1, 3, 320, 320], opt: [1, 3, 640, 640], max: [1, 3, 640, 960] }]],
};
const field = (name: string): HTMLElement => screen.getByRole('textbox', { name });
const type = (name: string, value: string): Promise<void> =>
  act(async () => void fireEvent.change(field(name), { target: { value } }));

describe('the shapes of engines', () => {
  beforeEach(async () => {
    getShapes.mockReset().mockResolvedValue(SHAPES);
    useShapeProfiles.setState({ drafts: {}, views: {} });
    await act(async () => useRunOptions.getState().setOption({ backend: 'tensorrt' }));
  });
  afterEach(() => useRunOptions.getState().setOption({ backend: 'ort-cpu', batches: [1] }));

  it('are those of the sets, until they are chosen for a job', async () => {
    expect(screen.getByText('images=1x3x320x320:1x3x640x640:1x3x640x960')).toBeTruthy();
    await click('Benchmark');
    expect(startJob.mock.lastCall?.[0]).not.toHaveProperty('tensorrt');
    await click('Choose the shapes');
    await click('Add a profile');
    await type('max of images in profile 2', '16 × 3 × 640 × 960');
    await click('Benchmark');
    const [first] = SHAPES.proposal ?? [];
    const second = [{ ...first?.[0], max: [16, 3, 640, 960] }];
    expect(startJob.mock.lastCall?.[0]).toMatchObject({
      backend: 'tensorrt',
      tensorrt: { profiles: [first, second] },
    });
    await click('Remove profile 1');
    await click('Do not choose them');
    expect(useShapeProfiles.getState().drafts).toEqual({});
  });

  it.each([
    ['1x3x999x640', /Profile 1: each size of images must be min ≤ opt ≤ max. m.onnx takes/],
    ['1x1x320x320', /a shape of images does not fit. m.onnx takes images \[N, 3, \?, \?\]/],
    ['1x3x320', /a shape of images does not fit/],
    ['1x3x0x320', /write the shapes of images as sizes above 0/],
  ])('are checked before a job starts: %s', async (text, problem) => {
    await click('Choose the shapes');
    await type('min of images in profile 1', text);
    expect(screen.getByText(problem)).toBeTruthy();
    expect(button('Benchmark').disabled).toBe(true);
    expect(screen.getByText(/The shapes of engines cannot be used as they are/)).toBeTruthy();
  });

  it('must allow the batch sizes to time', async () => {
    await click('Choose the shapes');
    await act(async () => useRunOptions.getState().setOption({ batches: [1, 8] }));
    expect(screen.getByText(/No profile allows batch 8/)).toBeTruthy();
  });

  it('are no question for a model whose sizes are fixed', async () => {
    getShapes.mockResolvedValue({ ...SHAPES, inputs: [], proposal: [] });
    await act(async () => useRunOptions.getState().setOption({ batches: [2] }));
    expect(screen.queryByText('Shapes of engines')).toBeNull();
  });
});

describe('RunScreen', () => {
  it('starts the whole job with the chosen variants and shows its steps', async () => {
    await click(/fp16$/);
    await click('Run everything');
    expect(startJob).toHaveBeenCalledWith({
      kind: 'run',
      projectPath: '/p.calib',
      variants: ['fp32', 'fp16', 'int8-minmax', 'int8-entropy', 'mixed'],
    });
    expect(screen.getByRole('listitem', { current: 'step' }).textContent).toContain('7 / 20 rounds');
    await click(/fp16$/);
  });

  it('shows a job that runs already, as after a reload, and cancels it', async () => {
    await act(async () => useJobs.setState({ jobs: [RUNNING] }));
    const active = screen.getByRole('listitem', { current: 'step' }).textContent;
    expect(active).toContain('Measure latency');
    expect(active).toContain('12 s left');
    expect(button('Run after this one').disabled).toBe(false);
    await click('Cancel');
    expect(cancelJob).toHaveBeenCalledWith({ jobId: 'j' });
    expect(document.body.textContent).toContain('What was finished is kept');
  });

  it('says what failed, where and what to do, and tries again', async () => {
    const error = { code: 'compute-crashed', message: 'The compute process ended', hint: 'Use fewer threads' } as const;
    await act(async () => useJobs.setState({ jobs: [{ ...RUNNING, sequence: 41, state: 'failed', error }] }));
    const alert = screen.getByRole('alert').textContent;
    for (const text of ['Whole job failed: Measure latency', 'The compute process ended', 'Use fewer threads'])
      expect(alert).toContain(text);
    await click('Try again');
    expect(startJob).toHaveBeenCalledWith(expect.objectContaining({ kind: 'run' }));
  });

  it('edits a gate as one named edit', async () => {
    const field = screen.getByRole('textbox', { name: /Top-1 drop/ });
    fireEvent.change(field, { target: { value: '0.5' } });
    await act(async () => void fireEvent.keyDown(field, { key: 'Enter' }));
    expect(editProject).toHaveBeenCalledWith({
      projectPath: '/p.calib',
      edits: [{ kind: 'gates', gates: { maxTop1Drop: 0.5 } }],
    });
  });

  it('asks for TensorRT’s grid when calibrating, with the batch of its calibrator', async () => {
    const box = screen.getByRole('checkbox', { name: /TensorRT’s own grid/ });
    fireEvent.click(box);
    await click('Calibrate');
    expect(startJob).toHaveBeenCalledWith({ kind: 'calibrate', projectPath: '/p.calib', tensorrtGridBatch: 32 });
    fireEvent.click(box);
  });

  it('writes the quantized model as a job, and shows where it lies', async () => {
    await click('Export');
    expect(startJob).toHaveBeenCalledWith({
      kind: 'quantize',
      projectPath: '/p.calib',
      target: 'onnxruntime',
      variant: 'mixed',
      outPath: '/p-mixed-onnxruntime.onnx',
    });
    const result = {
      out: '/p-mixed-onnxruntime.onnx',
      variant: 'mixed',
      target: 'onnxruntime',
      sizeBytes: 2e6,
      nodes: { QuantizeLinear: 9, DequantizeLinear: 20, Cast: 2 },
      hasFp16: true,
      decisions: [],
      warnings: [],
    } as const;
    await act(async () =>
      useJobs.setState({ jobs: [{ ...RUNNING, kind: 'quantize', sequence: 41, state: 'done', result }] }),
    );
    for (const text of ['/p-mixed-onnxruntime.onnx', '9 QuantizeLinear', '20 DequantizeLinear'])
      expect(screen.getByTestId('run-outcome').textContent).toContain(text);
  });

  it('shows what an exported file lacks', async () => {
    const message = 'TensorRT has 3 names that no threshold is known of; collect its grid';
    exportProject.mockResolvedValue({
      format: 'trt-cache',
      out: '/p.cache',
      files: ['/p.cache'],
      warnings: [{ code: 'names-missing', message }],
    });
    fireEvent.change(screen.getByLabelText('What'), { target: { value: 'trt-cache' } });
    await click('Export');
    expect(exportProject).toHaveBeenCalledWith({ projectPath: '/p.calib', format: 'trt-cache', outPath: '/p.cache' });
    const outcome = screen.getByTestId('run-exported').textContent;
    for (const text of ['1 file written', '/p.cache', message]) expect(outcome).toContain(text);
  });
});
