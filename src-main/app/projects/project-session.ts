import type { LayerWeightsView } from '../../../src-shared/domain/analysis/layer-weights';
import { LRUCache } from 'lru-cache';
import type { AnalysisSpec } from '../../../src-shared/contract/job-specs';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ExportRequest, ProjectEdit, RequestOf, SetName } from '../../../src-shared/contract/requests';
import type {
  AnalysesView,
  AnalysisCost,
  Dated,
  EnginesView,
  ExportResult,
  HistogramView,
  ImageAnswersView,
  ImageSetView,
  ImportReport,
  ModelView,
  Picture,
  PreprocessingPreview,
  ProjectView,
  ShapesView,
  ThresholdTable,
} from '../../../src-shared/contract/views';
import type { HealthResult } from '../../../src-shared/domain/health/health';
import type { Target } from '../../../src-shared/domain/project/precision';
import { prepareCosts, thresholdTable, type TableOptions } from '../../calibration/histograms/threshold-table';
import { analysisCost } from '../jobs/analysis-cost';
import { loadAnalyses, loadHealth } from '../analysis/analysis-store';
import { jobContext, type JobContext, type JobServices } from '../job-context';
import { enginesView } from '../variants/engines-view';
import { ImageAnswers } from '../variants/image-answers';
import { shapesView } from '../variants/shape-proposal';
import { storedTables, type StoredTable } from '../variants/kernel-times';
import { importCache } from './cache-exchange';
import { exportProject } from './export';
import { ImageSets, type PreviewRequest, type ThumbnailRequest } from './image-sets';
import { explainedModel } from './model-view';
import { ProjectCache } from './project-cache';
import { applyEdits } from './project-edits';
import { saveProject } from './project-store';
import { projectView } from './project-view';
import type { TaskGuess, TaskKind } from '../../../src-shared/domain/tasks/task';
import { projectTaskGuess, withGuessedTask, type KnownTask } from './task-guess';
import { openCalibration, openWorkspace, prepare, requireCalibration, type Workspace } from './workspace';

/** Projects whose sessions are kept: a window shows one, the command line uses one. */
const KEPT_SESSIONS = 8;

/**
 * An open project. The session answers requests about the project and keeps what it read of the project's files from
 * one request to the next (see ProjectCache); jobs use the same cache through their workspace. The project file itself
 * is read for every request, because other processes may write it. The session takes no lock: callers that change the
 * project hold the project's lock.
 */
export class ProjectSession {
  private readonly cache = new ProjectCache();
  private readonly imageSets: ImageSets;
  private readonly answers: ImageAnswers;

  /** @param path absolute path of the project's folder */
  constructor(
    readonly path: string,
    private readonly services: JobServices,
  ) {
    this.imageSets = new ImageSets(services.compute);
    this.answers = new ImageAnswers(this.imageSets);
  }

  async view(): Promise<ProjectView> {
    return projectView(await this.open());
  }

  /** Everything that a job of this project needs. */
  async job(task: TaskContext = {}): Promise<JobContext> {
    return jobContext(this.services, await this.open(), task);
  }

  /** Applies edits in order and writes the project file. Nothing is written if one of them fails. */
  async edit(edits: readonly ProjectEdit[]): Promise<ProjectView> {
    await saveProject(this.path, await applyEdits(await this.open(), edits, this.services.compute, this.tables(edits)));
    return this.view();
  }

  /** The tables of kernel times, if an edit needs them. */
  private tables(edits: readonly ProjectEdit[]): readonly StoredTable[] {
    return edits.some(({ kind }) => kind === 'kernel-times') ? storedTables(this.services.userDataDir) : [];
  }

  /** Guesses the task and writes it into the project file. @throws WorkbenchError usage, see withGuessedTask */
  async decideTask(known: KnownTask): Promise<void> {
    await saveProject(this.path, await withGuessedTask(await this.open(), this.services.compute, known));
  }

  async taskGuess(kind: TaskKind | undefined): Promise<TaskGuess> {
    return projectTaskGuess(await this.open(), this.services.compute, { kind });
  }

  /** @throws WorkbenchError calibration-missing */
  async thresholds(options: TableOptions): Promise<ThresholdTable> {
    const workspace = await this.open();
    const calibration = await openCalibration(workspace);
    await prepareCosts(calibration, workspace.file, options.method);
    return thresholdTable(calibration, workspace.file, options);
  }

  /** Reads the records of one tensor only. @throws WorkbenchError calibration-missing, not-found */
  async histogram(tensor: string): Promise<HistogramView> {
    return requireCalibration(await this.open()).view(tensor);
  }

  /** The INT8 errors of the weights of the layers that read a tensor. */
  async weights(tensor: string): Promise<readonly LayerWeightsView[]> {
    const { workspace, services } = await this.job();
    await prepare(workspace, services.compute, {});
    return services.compute.request('layer-weights', { preparedDir: workspace.preparedDir, tensor }, {});
  }

  /**
   * Every layer with its planned and its resulting precision and the reasons, for `target` or else the project's
   * target.
   */
  async model(target: Target | undefined): Promise<ModelView> {
    return explainedModel(target, await this.job());
  }

  async imageSet(set: SetName): Promise<ImageSetView> {
    return this.imageSets.view(await this.open(), set);
  }

  async thumbnail(request: ThumbnailRequest): Promise<Picture> {
    return this.imageSets.thumbnail(await this.open(), request);
  }

  async preview(request: PreviewRequest): Promise<PreprocessingPreview> {
    return this.imageSets.preview(await this.open(), request);
  }

  /** The caller holds the project's lock, because variants may have to be built. */
  async imageAnswers(request: Omit<RequestOf<'getImageAnswers'>, 'projectPath'>): Promise<ImageAnswersView> {
    return this.answers.view(request, await this.job());
  }

  async analyses(): Promise<AnalysesView> {
    return loadAnalyses(await this.open());
  }

  async health(): Promise<Dated<HealthResult> | null> {
    return loadHealth(await this.open());
  }

  async analysisCost(spec: AnalysisSpec): Promise<AnalysisCost> {
    return analysisCost(spec, await this.job());
  }

  async engines(variant: string | undefined): Promise<EnginesView> {
    return enginesView(variant, await this.job());
  }

  async shapes(batches: readonly number[] | undefined): Promise<ShapesView> {
    return shapesView(batches, await this.job());
  }

  async importCache(cachePath: string): Promise<ImportReport> {
    return importCache(await this.open(), cachePath, this.services.compute);
  }

  async export(request: ExportRequest): Promise<ExportResult> {
    return exportProject(await this.open(), request, this.services);
  }

  private open(): Promise<Workspace> {
    return openWorkspace(this.path, this.cache);
  }
}

/** The sessions of the projects that were used last. */
export class ProjectSessions {
  private readonly sessions = new LRUCache<string, ProjectSession>({ max: KEPT_SESSIONS });

  constructor(private readonly services: JobServices) {}

  /** The session of a project. @param path absolute path of the project's folder, which need not exist */
  of(path: string): ProjectSession {
    let session = this.sessions.get(path);
    if (session === undefined) {
      session = new ProjectSession(path, this.services);
      this.sessions.set(path, session);
    }
    return session;
  }
}
