import { decisionsOf } from '../../src-shared/domain/project/decisions';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { JobSpec } from '../../src-shared/contract/job-specs';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { EMPTY_PLAN } from '../../src-shared/domain/project/precision';
import { prepareModel } from '../../src-main/onnx/passes/prepare';
import { storePrepared } from '../../src-main/onnx/passes/prepared-store';
import { openWorkspace } from '../../src-main/app/projects/workspace';
import { placeQdq } from '../../src-main/quantization/rewrite/quantize';
import { writeFakeScript, type FakeScript } from '../support/fake-compute';
import { writeProjectFiles } from '../support/project-fixture';
import { tinyModel } from '../support/tiny-project';

/** One way to reach an application whose compute process is the fake one. */
export interface Harness {
  readonly api: WorkbenchApi;
  dispose(): Promise<void>;
}

const PROGRESS = { phase: 'collecting histograms', done: 3, total: 10, unit: 'images' };

/**
 * What every link must keep of the contract. `connect` starts an application whose fake compute follows `scriptPath`.
 */
export function describeContract(name: string, connect: (scriptPath: string) => Promise<Harness>): void {
  describe(`WorkbenchApi ${name}`, () => {
    let template = '';
    let dir = '';
    let project = '';
    let harness: Harness;
    let api: WorkbenchApi;

    const script = (steps: FakeScript): void => writeFakeScript(join(dir, 'script.json'), steps);
    const quantizeSpec = (): JobSpec => ({
      kind: 'quantize',
      projectPath: project,
      target: 'onnxruntime',
      variant: 'fp16',
      outPath: join(dir, 'out.onnx'),
    });
    const REWRITTEN = { nodes: { QuantizeLinear: 1, DequantizeLinear: 2, Cast: 3 }, decisions: [], sizeBytes: 4 };

    /** Follows a job over events until it has ended. */
    const follow = async (
      spec: JobSpec,
      onEvent: (job: JobSnapshot) => void = () => undefined,
    ): Promise<JobSnapshot[]> => {
      const seen: JobSnapshot[] = [];
      let jobId: JobSnapshot['id'] | null = null;
      const ended = new Promise<void>((resolve) => {
        const unsubscribe = api.subscribe((event) => {
          if (event.type !== 'job' || (jobId !== null && event.job.id !== jobId)) return;
          seen.push(event.job);
          onEvent(event.job);
          if (!isFinished(event.job)) return;
          unsubscribe();
          resolve();
        });
      });
      ({ jobId } = await api.startJob(spec));
      await ended;
      return seen;
    };

    /** Cancels a job as soon as it reports progress; the answer of the cancel is the final state that events tell. */
    const cancelInProgress = async (): Promise<JobSnapshot | undefined> => {
      const cancelled: Promise<JobSnapshot>[] = [];
      const seen = await follow(quantizeSpec(), (job) => {
        if (job.phase === PROGRESS.phase && !isFinished(job) && cancelled.length === 0)
          cancelled.push(api.cancelJob({ jobId: job.id }));
      });
      expect(await cancelled[0]).toEqual(seen.at(-1));
      return seen.at(-1);
    };

    beforeAll(async () => {
      template = mkdtempSync(join(tmpdir(), 'calib-contract-'));
      await writeProjectFiles(template, { images: 6 });
    });
    afterAll(() => rmSync(template, { recursive: true, force: true }));

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'calib-contract-'));
      script({});
      harness = await connect(join(dir, 'script.json'));
      api = harness.api;
      project = join(dir, 'tiny.calib');
      await api.createProject({
        modelPath: join(template, 'tiny.onnx'),
        calibrationPath: join(template, 'images'),
        validationPath: join(template, 'images'),
        projectPath: project,
        preprocessing: {},
      });
      // The fake compute process prepares nothing.
      await storePrepared(prepareModel(tinyModel()).model, (await openWorkspace(project)).preparedDir);
    });
    afterEach(async () => {
      await harness.dispose();
      rmSync(dir, { recursive: true, force: true });
    });

    it('inspects a model', async () => {
      const { model, warnings } = await api.inspectModel({ modelPath: join(template, 'tiny.onnx') });
      expect(model).toMatchObject({ opset: 17, layers: 7, quantizable: 3 });
      expect(model.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: ['N', 3, 16, 16] }]);
      expect(warnings).toEqual([]);
    });

    it('carries coded errors with message and hint', async () => {
      await expect(api.inspectModel({ modelPath: join(template, 'absent.onnx') })).rejects.toMatchObject({
        name: 'WorkbenchError',
        code: 'not-found',
      });
      await expect(api.openProject({ projectPath: join(dir, 'absent.calib') })).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining('absent.calib') as string,
        hint: expect.stringContaining('calib init') as string,
      });
    });

    it('opens what it created, with what was guessed', async () => {
      const view = await api.openProject({ projectPath: project });
      expect(view.calibrated).toBe(false);
      expect(view.file).toMatchObject({
        name: 'tiny',
        method: 'best',
        plan: { layers: {} },
        preprocessing: { order: 'rgb', layout: 'nchw' },
      });
      expect(view.file.preprocessingNotes.length).toBeGreaterThan(0);
    });

    it('knows no engine of a project that built none', async () => {
      expect(await api.getEngineLayers({ projectPath: project })).toEqual({ variants: [], engine: null });
      expect(await api.getEngineLayers({ projectPath: project, variant: 'int8' })).toEqual({
        variants: [],
        engine: null,
      });
    });

    it('says what shapes its inputs take', async () => {
      const { inputs, proposal } = await api.getShapes({ projectPath: project, batches: [1, 4] });
      expect(inputs).toEqual([{ name: 'input', dims: ['N', 3, 16, 16], hasBatch: true }]);
      const shapeOf = (batch: number) => [batch, 3, 16, 16];
      expect(proposal).toEqual(
        [1, 4].map(shapeOf).map((shape) => [{ input: 'input', min: shape, opt: shape, max: shape }]),
      );
    });

    it('applies edits in order, and none of them when one fails', async () => {
      const edited = await api.editProject({
        projectPath: project,
        edits: [
          { kind: 'method', method: 'minmax' },
          { kind: 'threshold', tensor: 'r?', thresholdReal: 1.5 },
          { kind: 'precision', layer: 'conv0', precision: 'fp16', base: 'auto' },
          { kind: 'precision', layer: 'conv1', precision: 'fp16', base: 'auto' },
          { kind: 'precision', layer: 'conv1', precision: 'int8', base: 'auto' },
        ],
      });
      expect(edited.file).toMatchObject({ method: 'minmax', plan: { layers: { conv0: 'fp16' } } });
      expect(edited.file.manualThresholds['r0']).toBe(1.5);
      const before = readFileSync(join(project, 'project.json'), 'utf8');
      const failing = api.editProject({
        projectPath: project,
        edits: [
          { kind: 'method', method: 'mse' },
          { kind: 'precision', layer: 'convv0', precision: 'fp32', base: 'auto' },
        ],
      });
      await expect(failing).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining('conv0') as string,
      });
      expect(readFileSync(join(project, 'project.json'), 'utf8')).toBe(before);
    });

    it('rejects a request that is not what the method takes, naming the field', async () => {
      const wrong = { projectPath: project, edits: [{ kind: 'precision', layer: 'conv0', precision: 'int4' }] };
      await expect(
        api.editProject(wrong as unknown as Parameters<WorkbenchApi['editProject']>[0]),
      ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('edits[0].precision') as string });
      await expect(api.startJob({ kind: 'sing', projectPath: project } as unknown as JobSpec)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('kind') as string,
      });
    });

    it('undoes edits by restoring decisions, gates and sets among them', async () => {
      const before = (await api.openProject({ projectPath: project })).file;
      const edited = await api.editProject({
        projectPath: project,
        edits: [
          { kind: 'gates', gates: { maxTop1Drop: 0.5 } },
          { kind: 'sets', validationPath: null },
          { kind: 'preprocessing', preprocessing: { ...before.preprocessing, order: 'bgr' } },
        ],
      });
      expect(edited.file).toMatchObject({
        gates: { maxTop1Drop: 0.5, minTop1: null },
        validationSet: null,
        preprocessing: { order: 'bgr' },
      });
      const decisions = decisionsOf(before);
      const restored = await api.editProject({ projectPath: project, edits: [{ kind: 'restore', decisions }] });
      expect(restored.file).toMatchObject(decisions);
    });

    it('describes every layer with its decision', async () => {
      const { decisions } = placeQdq(prepareModel(tinyModel()).model, EMPTY_PLAN, 'tensorrt');
      script({ explain: [{ result: { decisions, hazards: {} } }] });
      const { layers, inputs, outputs, calibrationTensors } = await api.getModel({
        projectPath: project,
        target: 'tensorrt',
      });
      expect(layers.map((layer) => layer.layer)).toEqual([
        'conv0',
        'relu0',
        'conv1',
        'relu1',
        'pool',
        'flatten',
        'head',
      ]);
      expect(layers.find((layer) => layer.layer === 'conv1')).toMatchObject({
        op: 'Conv',
        inputs: ['r0'],
        outputs: ['c1'],
        weightShape: [16, 16, 3, 3],
        parameters: 2304,
        planned: 'int8',
      });
      expect(layers.every((layer) => layer.decision.reason.length > 10)).toBe(true);
      // What FP16 would do is not known before the project is calibrated.
      expect(layers.every((layer) => layer.fp16Hazards === null)).toBe(true);
      expect([inputs, outputs]).toEqual([['input'], ['logits']]);
      expect(calibrationTensors).toContain('r0');
    });

    it('lists an image set and gives pictures by id only', async () => {
      const set = await api.getImageSet({ projectPath: project, set: 'validation' });
      expect(set).toMatchObject({ groups: ['day', 'night'], classNames: ['a', 'b', 'c'], skipped: [] });
      expect(set.images).toHaveLength(6);
      const picture = { width: 16, height: 16, bytes: Uint8Array.from([137, 80]) };
      script({ thumbnail: [{ result: picture }] });
      expect(
        await api.getThumbnail({ projectPath: project, set: 'validation', imageId: set.images[0]?.id ?? '', size: 64 }),
      ).toMatchObject({ width: 16, height: 16 });
      await expect(
        api.getThumbnail({ projectPath: project, set: 'validation', imageId: '../../etc/passwd', size: 64 }),
      ).rejects.toMatchObject({ code: 'not-found' });
      await expect(
        api.getThumbnail({ projectPath: project, set: 'validation', imageId: 'x', size: 9_000 }),
      ).rejects.toMatchObject({ code: 'usage' });
    });

    it('remembers projects and has no runs before the first one', async () => {
      await api.openProject({ projectPath: project });
      expect((await api.listRecentProjects())[0]).toMatchObject({ path: project, name: 'tiny', exists: true });
      expect(await api.getHistory({ projectPath: project })).toMatchObject({ entries: [], unreadable: [] });
      await expect(api.getReport({ projectPath: project, runId: '20260101T000000000Z-000000' })).rejects.toMatchObject({
        code: 'not-found',
      });
    });

    it('says that a step needs a calibration', async () => {
      await expect(api.getThresholds({ projectPath: project })).rejects.toMatchObject({
        code: 'calibration-missing',
        hint: expect.stringContaining('calib calibrate') as string,
      });
    });

    it('runs a job: events in sequence, progress, result', async () => {
      script({ rewrite: [{ progress: PROGRESS }, { result: REWRITTEN }] });
      const seen = await follow(quantizeSpec());
      expect(seen.map((job) => job.sequence)).toEqual(seen.map((job) => job.sequence).sort((a, b) => a - b));
      expect(seen).toContainEqual(expect.objectContaining({ state: 'running', ...PROGRESS }));
      const last = seen.at(-1);
      expect(last).toMatchObject({
        state: 'done',
        error: null,
        result: { ...REWRITTEN, variant: 'fp16', target: 'onnxruntime' },
      });
      expect(await api.listJobs()).toEqual([last]);
    });

    it('fails a job with the error of the compute process', async () => {
      script({
        rewrite: [
          { error: { code: 'disk-full', message: 'No space left to write out.onnx', hint: 'Free some space.' } },
        ],
      });
      expect((await follow(quantizeSpec())).at(-1)).toMatchObject({
        state: 'failed',
        error: { code: 'disk-full', hint: 'Free some space.' },
      });
    });

    it('survives a crash of the compute process: the job fails with its phase, the next one runs', async () => {
      script({ rewrite: [{ progress: { ...PROGRESS, phase: 'converting weights' } }, { exit: 9 }] });
      const crashed = (await follow(quantizeSpec())).at(-1);
      expect(crashed).toMatchObject({
        state: 'failed',
        error: { code: 'compute-crashed', message: expect.stringContaining('converting weights') as string },
      });
      script({ rewrite: [{ result: REWRITTEN }] });
      expect((await follow(quantizeSpec())).at(-1)).toMatchObject({ state: 'done' });
    });

    it('cancels a job that listens', async () => {
      script({ rewrite: [{ progress: PROGRESS }, { waitForCancel: true }] });
      expect(await cancelInProgress()).toMatchObject({ state: 'cancelled', forced: false });
    });

    it('cancels a job that hangs by ending its process, and the next one runs', async () => {
      script({ rewrite: [{ progress: PROGRESS }, { hang: true }] });
      expect(await cancelInProgress()).toMatchObject({ state: 'cancelled', forced: true });
      script({ rewrite: [{ result: REWRITTEN }] });
      expect((await follow(quantizeSpec())).at(-1)).toMatchObject({ state: 'done' });
    });

    it('reports a missing addon in the doctor without failing', async () => {
      script({
        versions: [
          {
            error: {
              code: 'backend-unavailable',
              message: 'The native addon could not be loaded',
              hint: 'npm run build:native',
            },
          },
        ],
      });
      const { checks } = await api.doctor();
      expect(checks).toContainEqual({
        name: 'compute process',
        state: 'missing',
        found: 'The native addon could not be loaded',
        hint: 'npm run build:native',
        required: true,
      });
      expect(checks).toContainEqual(expect.objectContaining({ name: 'Node.js', state: 'ok' }));
    });
  });
}
