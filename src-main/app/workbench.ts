import type { LayerWeightsView } from '../../src-shared/domain/analysis/layer-weights';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JobId } from '../../src-shared/base/brand';
import type { Unsubscribe, WorkbenchApi, WorkbenchEvent } from '../../src-shared/contract/api';
import type {
  CreateProjectRequest,
  ExportRequest,
  ProjectEdit,
  RequestOf,
  SetName,
} from '../../src-shared/contract/requests';
import type {
  AnalysesView,
  AnalysisCost,
  Dated,
  DoctorReport,
  EnginesView,
  ExportResult,
  HistogramView,
  HistoryView,
  ImageAnswersView,
  ImageSetView,
  ImportReport,
  ModelView,
  Picture,
  PreprocessingPreview,
  ProjectView,
  RecentProject,
  RunView,
  ShapesView,
  ThresholdTable,
  ToolchainView,
} from '../../src-shared/contract/views';
import type { JobResult, ReplayResult } from '../../src-shared/contract/job-results';
import type { AnalysisSpec, JobSpec } from '../../src-shared/contract/job-specs';
import type { JobSnapshot } from '../../src-shared/contract/jobs';
import type { TaskContext } from '../../src-shared/contract/progress';
import type { RunMarks } from '../../src-shared/domain/history/history-entry';
import { toolchainDifferences } from '../../src-shared/domain/project/toolchain';
import type { HealthResult } from '../../src-shared/domain/health/health';
import type { ModelInspection } from '../../src-shared/domain/project/inspection';
import type { Method } from '../../src-shared/domain/project/methods';
import type { TaskGuess } from '../../src-shared/domain/tasks/task';
import type { Target } from '../../src-shared/domain/project/precision';
import { ForcedCancelError } from '../compute/pool/client';
import type { ShardIdentity } from '../compute/shards/shard-store';
import { inspectModel } from '../onnx/graph/inspect';
import { readModel } from '../onnx/wire/wire-reader';
import { markRun, readHistoryOf } from '../runs/history';
import { enginesOfRun } from './runs/run-engines';
import { loadDetails, loadEngines, loadRunIn, runsDirOf } from '../runs/run-store';
import { doctor } from './doctor';
import type { PreviewRequest, ThumbnailRequest } from './projects/image-sets';
import { JobQueue } from './job-queue';
import { replay } from './packages/replay';
import { dispatchJob } from './jobs/dispatch';
import type { JobContext, JobServices } from './job-context';
import { taskFromShapes } from './projects/task-guess';
import { createProject, ensureSample } from './projects/create-project';
import { ProjectLocks } from './projects/project-locks';
import { ProjectSessions, type ProjectSession } from './projects/project-session';
import { checkProjectModel } from './projects/project-store';
import { runReport } from './projects/project-view';
import { RecentProjects } from './projects/recent-projects';
import { chooseTables, storedTables } from './variants/kernel-times';
import { presentToolchain, readToolchainLock, writeToolchainLock } from './runs/toolchain';

/**
 * The application behind every window, HTTP client and command. It finds the session of a project and calls it; all
 * state is on disk, in the sessions (which can be rebuilt from disk) and in the job queue.
 */
export class Workbench implements WorkbenchApi {
  private readonly listeners = new Set<(event: WorkbenchEvent) => void>();
  private readonly locks: ProjectLocks;
  private readonly queue: JobQueue;
  private readonly sessions: ProjectSessions;
  private readonly recent: RecentProjects;

  constructor(private readonly services: JobServices) {
    this.locks = new ProjectLocks(services.onWait);
    this.sessions = new ProjectSessions(services);
    this.recent = new RecentProjects(services.userDataDir);
    this.queue = new JobQueue({
      run: (spec, context) => this.runLocked(spec, context),
      onChange: (job) => this.emit({ type: 'job', job }),
      isForced: (error) => error instanceof ForcedCancelError,
    });
  }

  async inspectModel(request: {
    readonly modelPath: string;
    readonly weights?: boolean;
    readonly dla?: boolean;
  }): Promise<ModelInspection> {
    const modelPath = resolve(request.modelPath);
    const model = readModel(modelPath);
    const inspection = { ...inspectModel(model, modelPath), task: taskFromShapes(model) };
    const { compute } = this.services;
    const asked = { modelPath };
    return {
      ...inspection,
      ...(request.weights === true ? { weights: await compute.request('layer-weights', asked, {}) } : {}),
      ...(request.dla === true ? { dla: await compute.request('dla-map', asked, {}) } : {}),
    };
  }

  async createProject(request: CreateProjectRequest): Promise<ProjectView> {
    const projectPath = await createProject(request);
    const { task, taskKind: kind, decoder } = request;
    if (task === undefined) {
      try {
        await this.change({ projectPath }, (session) => session.decideTask({ kind, decoder }));
      } catch (error) {
        await rm(projectPath, { recursive: true, force: true });
        throw error;
      }
    }
    if (request.usesKernelTimes !== false && chooseTables(storedTables(this.services.userDataDir)) !== null)
      await this.change({ projectPath }, (session) => session.edit([{ kind: 'kernel-times' }]));
    return this.openProject({ projectPath });
  }

  async openProject(request: { readonly projectPath: string; readonly remembers?: boolean }): Promise<ProjectView> {
    const session = this.session(request);
    const view = await session.view();
    if (request.remembers !== false) await this.recent.add(session.path);
    return view;
  }

  editProject(request: { readonly projectPath: string; readonly edits: readonly ProjectEdit[] }): Promise<ProjectView> {
    return this.change(request, (session) => session.edit(request.edits));
  }

  getThresholds(request: {
    readonly projectPath: string;
    readonly method?: Method;
    readonly withCosts?: boolean;
  }): Promise<ThresholdTable> {
    return this.session(request).thresholds(request);
  }

  getHistogram(request: { readonly projectPath: string; readonly tensor: string }): Promise<HistogramView> {
    return this.session(request).histogram(request.tensor);
  }

  getWeights(request: { readonly projectPath: string; readonly tensor: string }): Promise<readonly LayerWeightsView[]> {
    return this.session(request).weights(request.tensor);
  }

  getModel(request: { readonly projectPath: string; readonly target?: Target }): Promise<ModelView> {
    return this.session(request).model(request.target);
  }

  getImageSet(request: { readonly projectPath: string; readonly set: SetName }): Promise<ImageSetView> {
    return this.session(request).imageSet(request.set);
  }

  getThumbnail(request: ThumbnailRequest & { readonly projectPath: string }): Promise<Picture> {
    return this.session(request).thumbnail(request);
  }

  getPreview(request: PreviewRequest & { readonly projectPath: string }): Promise<PreprocessingPreview> {
    return this.session(request).preview(request);
  }

  getImageAnswers(request: RequestOf<'getImageAnswers'>): Promise<ImageAnswersView> {
    const session = this.session(request);
    // Without variants nothing is built, so that an image can be looked at while another process works.
    if (request.variants.length === 0) return session.imageAnswers(request);
    return this.locks.hold(session.path, () => session.imageAnswers(request), { purpose: 'edit' });
  }

  getTaskGuess(request: RequestOf<'getTaskGuess'>): Promise<TaskGuess> {
    const session = this.session(request);
    // The model may have to be prepared first.
    return this.locks.hold(session.path, () => session.taskGuess(request.task), { purpose: 'edit' });
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

  async getReport(request: {
    readonly projectPath: string;
    readonly runId: string;
  }): Promise<{ readonly html: string }> {
    return { html: await runReport(resolve(request.projectPath), request.runId) };
  }

  async getHistory({ projectPath }: RequestOf<'getHistory'>): Promise<HistoryView> {
    return readHistoryOf(resolve(projectPath));
  }

  async getRun({ projectPath, runId }: RequestOf<'getRun'>): Promise<RunView> {
    const runsDir = runsDirOf(resolve(projectPath));
    const record = await loadRunIn(runsDir, runId);
    return { runId, record, report: join(runsDir, runId, 'report.html'), details: loadDetails(runsDir, runId) };
  }

  async markRun({ projectPath, runId, marks }: RequestOf<'markRun'>): Promise<RunMarks> {
    return markRun(runsDirOf(resolve(projectPath)), runId, marks);
  }

  async getToolchain({ projectPath, lock: policy }: RequestOf<'getToolchain'>): Promise<ToolchainView> {
    const path = this.session({ projectPath }).path;
    const present = await presentToolchain(this.services);
    if (policy !== undefined) await writeToolchainLock(path, { policy, toolchain: present });
    const lock = await readToolchainLock(path);
    return { present, lock, differences: lock === null ? [] : toolchainDifferences(lock.toolchain, present, true) };
  }

  getAnalyses(request: { readonly projectPath: string }): Promise<AnalysesView> {
    return this.session(request).analyses();
  }

  getHealth(request: { readonly projectPath: string }): Promise<Dated<HealthResult> | null> {
    return this.session(request).health();
  }

  getAnalysisCost({ spec }: { readonly spec: AnalysisSpec }): Promise<AnalysisCost> {
    return this.session(spec).analysisCost(spec);
  }

  async getEngineLayers(request: RequestOf<'getEngineLayers'>): Promise<EnginesView> {
    const { projectPath, variant, runId } = request;
    if (runId === undefined) return this.session(request).engines(variant);
    return enginesOfRun(loadEngines(runsDirOf(resolve(projectPath)), runId), variant);
  }

  getShapes(request: RequestOf<'getShapes'>): Promise<ShapesView> {
    return this.session(request).shapes(request.batches);
  }

  importCache(request: { readonly projectPath: string; readonly cachePath: string }): Promise<ImportReport> {
    return this.change(request, (session) => session.importCache(resolve(request.cachePath)));
  }

  exportProject(request: ExportRequest): Promise<ExportResult> {
    const session = this.session(request);
    return this.locks.hold(session.path, () => session.export({ ...request, outPath: resolve(request.outPath) }));
  }

  replayPackage({ packagePath, tolerance }: RequestOf<'replayPackage'>): Promise<ReplayResult> {
    return replay(resolve(packagePath), tolerance, this.services.compute);
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

  cancelJob(request: { readonly jobId: JobId; readonly finishes?: boolean }): Promise<JobSnapshot> {
    return this.queue.cancel(request.jobId, request.finishes);
  }

  subscribe(listener: (event: WorkbenchEvent) => void): Unsubscribe {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends the compute process. */
  dispose(): void {
    this.services.compute.dispose();
  }

  private session({ projectPath }: { readonly projectPath: string }): ProjectSession {
    return this.sessions.of(resolve(projectPath));
  }

  /** Runs a change of a project file under the project's lock, and tells every listener about it. */
  private change<T>(
    request: { readonly projectPath: string },
    work: (session: ProjectSession) => Promise<T>,
  ): Promise<T> {
    const session = this.session(request);
    return this.locks.edit(session.path, async () => {
      const result = await work(session);
      this.emit({ type: 'project', projectPath: session.path });
      return result;
    });
  }

  private emit(event: WorkbenchEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Runs a step of a shard's job while no other process changes the project. */
  private exclusively<T>(spec: JobSpec, context: TaskContext, work: (job: JobContext) => Promise<T>): Promise<T> {
    return this.locks.hold(spec.projectPath, async () => work(await this.session(spec).job(context)), {
      purpose: 'edit',
    });
  }

  private runLocked(spec: JobSpec, context: TaskContext): Promise<JobResult> {
    const shard = shardOf(spec);
    return this.locks.hold(
      spec.projectPath,
      async () => {
        const job = await this.session(spec).job({ ...context, ...memoryLimitOf(spec) });
        await checkProjectModel(job.workspace.file, job.signal);
        return dispatchJob(
          spec,
          shard ? { ...job, exclusively: (work) => this.exclusively(spec, context, work) } : job,
        );
      },
      { shard },
    );
  }
}

function memoryLimitOf(spec: JobSpec): Pick<TaskContext, 'memoryLimitBytes'> {
  const gigabytes = limitedGb(spec.kind === 'shard' ? spec.of : spec);
  return gigabytes === undefined ? {} : { memoryLimitBytes: gigabytes * 1e9 };
}

function limitedGb(spec: JobSpec): number | undefined {
  return 'memoryLimitGb' in spec ? spec.memoryLimitGb : undefined;
}

/** The part that a job computes, if it is one of several; others may be computed at the same time. */
function shardOf(spec: JobSpec): ShardIdentity | undefined {
  if (spec.kind === 'shard') return { kind: spec.of.kind, shard: spec.shard };
  return spec.kind === 'calibrate' && spec.shard !== undefined ? { kind: spec.kind, shard: spec.shard } : undefined;
}
