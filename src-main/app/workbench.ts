import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JobId } from '../../src-shared/base/brand';
import type { Unsubscribe, WorkbenchApi, WorkbenchEvent } from '../../src-shared/contract/api';
import type { CreateProjectRequest, ExportRequest, ProjectEdit, SetName } from '../../src-shared/contract/requests';
import type {
  AnalysesView,
  AnalysisCost,
  Dated,
  DoctorReport,
  EnginesView,
  ExportResult,
  HistogramView,
  ImageSetView,
  ImportReport,
  ModelView,
  Picture,
  PreprocessingPreview,
  ProjectView,
  RecentProject,
  RunSummary,
  ThresholdTable,
} from '../../src-shared/contract/views';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { JobResult } from '../../src-shared/contract/job-results';
import type { AnalysisSpec, JobSpec } from '../../src-shared/contract/job-specs';
import type { JobSnapshot } from '../../src-shared/contract/jobs';
import type { TaskContext } from '../../src-shared/contract/progress';
import type { HealthResult } from '../../src-shared/domain/health/health';
import type { ModelInspection } from '../../src-shared/domain/project/inspection';
import { UNDECIDED_METHOD, type Method } from '../../src-shared/domain/project/methods';
import type { Target } from '../../src-shared/domain/project/precision';
import type { Preprocessing } from '../../src-shared/domain/project/preprocessing';
import { readError } from '../base/file-errors';
import { bestView, knownThresholdsInUse, thresholdTable } from '../calibration/histograms/threshold-table';
import { ForcedCancelError } from '../compute/pool/client';
import { inspectModel } from '../onnx/graph/inspect';
import { readModel } from '../onnx/wire/wire-reader';
import { listRuns, loadRun } from '../runs/run-store';
import { analysisCost } from './analysis/analysis-cost';
import { loadAnalyses, loadHealth } from './analysis/analysis-store';
import { artifactPaths } from './projects/artifact-paths';
import { doctor } from './doctor';
import { enginesView } from './variants/engines-view';
import { importCache } from './projects/cache-exchange';
import { exportProject } from './projects/export';
import { ImageSets } from './projects/image-sets';
import { JobQueue } from './job-queue';
import { dispatchJob } from './jobs/dispatch';
import { knownBiases } from './variants/corrected-biases';
import { jobContext, type JobServices } from './job-context';
import { createProject } from './projects/create-project';
import { modelView } from './projects/model-view';
import { applyEdits } from './projects/project-edits';
import { ProjectLocks } from './projects/project-locks';
import { checkProjectModel, loadProject, saveProject } from './projects/project-store';
import { RecentProjects } from './projects/recent-projects';
import { ensureSample } from './projects/sample';
import {
  isCalibrationStale,
  openCalibration,
  openCalibrationIfAny,
  openWorkspace,
  prepared,
  rangesOf,
  type Workspace,
} from './projects/workspace';

/** The application behind every window, link and command: all state is on disk or in the job queue. */
export class Workbench implements WorkbenchApi {
  private readonly listeners = new Set<(event: WorkbenchEvent) => void>();
  private readonly locks: ProjectLocks;
  private readonly queue: JobQueue;
  private readonly imageSets: ImageSets;
  private readonly recent: RecentProjects;

  constructor(private readonly services: JobServices) {
    this.locks = new ProjectLocks(services.onWait);
    this.imageSets = new ImageSets(services.compute);
    this.recent = new RecentProjects(services.userDataDir);
    this.queue = new JobQueue({
      run: (spec, context) => this.runLocked(spec, context),
      onChange: (job) => this.emit({ type: 'job', job }),
      isForced: (error) => error instanceof ForcedCancelError,
    });
  }

  async inspectModel(request: { readonly modelPath: string }): Promise<ModelInspection> {
    const modelPath = resolve(request.modelPath);
    return inspectModel(readModel(modelPath), modelPath);
  }

  async createProject(request: CreateProjectRequest): Promise<ProjectView> {
    const path = await createProject(request);
    return this.openProject({ projectPath: path });
  }

  async openProject(request: { readonly projectPath: string; readonly remembers?: boolean }): Promise<ProjectView> {
    const workspace = await openWorkspace(resolve(request.projectPath));
    if (request.remembers !== false) await this.recent.add(workspace.path);
    return viewOf(workspace);
  }

  async editProject(request: {
    readonly projectPath: string;
    readonly edits: readonly ProjectEdit[];
  }): Promise<ProjectView> {
    const projectPath = resolve(request.projectPath);
    return this.locks.edit(projectPath, async () => {
      const workspace = await openWorkspace(projectPath);
      const edited = await applyEdits(workspace, request.edits, this.services.compute);
      await saveProject(projectPath, edited);
      this.emit({ type: 'project', projectPath });
      return viewOf({ ...workspace, file: await loadProject(projectPath) });
    });
  }

  async getThresholds(request: {
    readonly projectPath: string;
    readonly method?: Method;
    readonly withCosts?: boolean;
  }): Promise<ThresholdTable> {
    const workspace = await openWorkspace(resolve(request.projectPath));
    return thresholdTable(openCalibration(workspace), workspace.file, request);
  }

  async getHistogram(request: { readonly projectPath: string; readonly tensor: string }): Promise<HistogramView> {
    return openCalibration(await openWorkspace(resolve(request.projectPath))).view(request.tensor);
  }

  async getModel(request: { readonly projectPath: string; readonly target?: Target }): Promise<ModelView> {
    const workspace = await openWorkspace(resolve(request.projectPath));
    const model = await prepared(workspace, this.services.compute, {});
    const { plan } = workspace.file;
    const calibration = openCalibrationIfAny(workspace);
    const target = request.target ?? workspace.file.target;
    const biases = knownBiases(target, { model, calibration }, jobContext(this.services, workspace));
    const explained = await this.services.compute.request(
      'explain',
      {
        preparedDir: workspace.preparedDir,
        target,
        plan,
        ranges: rangesOf(calibration),
        thresholds: knownThresholdsInUse(calibration, workspace.file),
        biases,
      },
      {},
    );
    return modelView(model, plan, explained, calibration !== null);
  }

  async getImageSet(request: { readonly projectPath: string; readonly set: SetName }): Promise<ImageSetView> {
    return this.imageSets.view(await openWorkspace(resolve(request.projectPath)), request.set);
  }

  async getThumbnail(request: {
    readonly projectPath: string;
    readonly set: SetName;
    readonly imageId: string;
    readonly size: number;
  }): Promise<Picture> {
    return this.imageSets.thumbnail(await openWorkspace(resolve(request.projectPath)), request);
  }

  async getPreview(request: {
    readonly projectPath: string;
    readonly set: SetName;
    readonly imageId: string;
    readonly preprocessing?: Preprocessing;
  }): Promise<PreprocessingPreview> {
    return this.imageSets.preview(await openWorkspace(resolve(request.projectPath)), request);
  }

  listRecentProjects(): Promise<readonly RecentProject[]> {
    return this.recent.list();
  }

  async openSample(): Promise<ProjectView> {
    const projectPath = await ensureSample(this.services.userDataDir);
    const view = await this.openProject({ projectPath });
    if (view.calibrated) return view;
    await this.queue.finished(this.queue.start({ kind: 'calibrate', projectPath }));
    return this.openProject({ projectPath });
  }

  async listRuns(request: { readonly projectPath: string }): Promise<readonly RunSummary[]> {
    const projectPath = resolve(request.projectPath);
    const runs: RunSummary[] = [];
    for (const { runId, path } of await listRuns(projectPath)) {
      try {
        runs.unshift({ runId, record: await loadRun(projectPath, runId), report: join(path, 'report.html') });
      } catch (error) {
        // A run that a newer version wrote, or that was damaged, must not hide the others.
        if (!(error instanceof WorkbenchError)) throw error;
      }
    }
    return runs;
  }

  async getReport(request: {
    readonly projectPath: string;
    readonly runId: string;
  }): Promise<{ readonly html: string }> {
    const path = artifactPaths(resolve(request.projectPath)).reportFile(request.runId);
    const html = await readFile(path, 'utf8').catch((error: unknown) => {
      throw readError(error, path, 'Report');
    });
    return { html };
  }

  async getAnalyses(request: { readonly projectPath: string }): Promise<AnalysesView> {
    return loadAnalyses(await openWorkspace(resolve(request.projectPath)));
  }

  async getHealth(request: { readonly projectPath: string }): Promise<Dated<HealthResult> | null> {
    return loadHealth(await openWorkspace(resolve(request.projectPath)));
  }

  async getAnalysisCost({ spec }: { readonly spec: AnalysisSpec }): Promise<AnalysisCost> {
    return analysisCost(spec, jobContext(this.services, await openWorkspace(resolve(spec.projectPath))));
  }

  async getEngineLayers(request: { readonly projectPath: string; readonly variant?: string }): Promise<EnginesView> {
    return enginesView(request.variant, jobContext(this.services, await openWorkspace(resolve(request.projectPath))));
  }

  async importCache(request: { readonly projectPath: string; readonly cachePath: string }): Promise<ImportReport> {
    const projectPath = resolve(request.projectPath);
    return this.locks.edit(projectPath, async () => {
      const report = await importCache(
        await openWorkspace(projectPath),
        resolve(request.cachePath),
        this.services.compute,
      );
      this.emit({ type: 'project', projectPath });
      return report;
    });
  }

  async exportProject(request: ExportRequest): Promise<ExportResult> {
    const projectPath = resolve(request.projectPath);
    return this.locks.hold(projectPath, async () =>
      exportProject(await openWorkspace(projectPath), { ...request, outPath: resolve(request.outPath) }, this.services),
    );
  }

  doctor(): Promise<DoctorReport> {
    return doctor(this.services.compute);
  }

  async startJob(spec: JobSpec): Promise<{ readonly jobId: JobId }> {
    return { jobId: this.queue.start({ ...spec, projectPath: resolve(spec.projectPath) }) };
  }

  async getJob(request: { readonly jobId: JobId }): Promise<JobSnapshot> {
    return this.queue.get(request.jobId);
  }

  async listJobs(): Promise<readonly JobSnapshot[]> {
    return this.queue.list();
  }

  cancelJob(request: { readonly jobId: JobId }): Promise<JobSnapshot> {
    return this.queue.cancel(request.jobId);
  }

  subscribe(listener: (event: WorkbenchEvent) => void): Unsubscribe {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends the compute process. */
  dispose(): void {
    this.services.compute.dispose();
  }

  private emit(event: WorkbenchEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  private runLocked(spec: JobSpec, context: TaskContext): Promise<JobResult> {
    const shard = spec.kind === 'calibrate' ? spec.shard : undefined;
    return this.locks.hold(
      spec.projectPath,
      async () => {
        const workspace = await openWorkspace(spec.projectPath);
        await checkProjectModel(workspace.file, context.signal);
        return dispatchJob(spec, jobContext(this.services, workspace, context));
      },
      { shard },
    );
  }
}

function viewOf(workspace: Workspace): ProjectView {
  const { path, file } = workspace;
  const calibration = openCalibrationIfAny(workspace);
  if (calibration === null)
    return { path, file, calibrated: false, ...(isCalibrationStale(workspace) ? { calibrationIsStale: true } : {}) };
  const best = bestView(calibration, file);
  return {
    path,
    file,
    calibrated: true,
    ...(file.method === 'best' ? { chosenMethod: best?.decision.chosenMethod ?? UNDECIDED_METHOD } : {}),
    ...(best === null ? {} : { best }),
  };
}
