import type { LayerWeightsView } from '../domain/analysis/layer-weights';
import type { JobId } from '../base/brand';
import type { RunMarks } from '../domain/history/history-entry';
import type { HealthResult } from '../domain/health/health';
import type { ReplayResult } from './job-results';
import type { ModelInspection } from '../domain/project/inspection';
import type { TaskGuess } from '../domain/tasks/task';
import type { JobSnapshot } from './jobs';
import type { ApiMethod, RequestOf } from './requests';
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
} from './views';

export type WorkbenchEvent =
  | { readonly type: 'job'; readonly job: JobSnapshot }
  | { readonly type: 'project'; readonly projectPath: string };

export type Unsubscribe = () => void;

/** Everything that the application can do. `app/workbench` implements it; every link transmits it unchanged. */
export interface WorkbenchApi {
  inspectModel(request: RequestOf<'inspectModel'>): Promise<ModelInspection>;
  createProject(request: RequestOf<'createProject'>): Promise<ProjectView>;
  openProject(request: RequestOf<'openProject'>): Promise<ProjectView>;
  editProject(request: RequestOf<'editProject'>): Promise<ProjectView>;
  getThresholds(request: RequestOf<'getThresholds'>): Promise<ThresholdTable>;
  getHistogram(request: RequestOf<'getHistogram'>): Promise<HistogramView>;
  getWeights(request: RequestOf<'getWeights'>): Promise<readonly LayerWeightsView[]>;
  getModel(request: RequestOf<'getModel'>): Promise<ModelView>;
  getImageSet(request: RequestOf<'getImageSet'>): Promise<ImageSetView>;
  getThumbnail(request: RequestOf<'getThumbnail'>): Promise<Picture>;
  getPreview(request: RequestOf<'getPreview'>): Promise<PreprocessingPreview>;
  getImageAnswers(request: RequestOf<'getImageAnswers'>): Promise<ImageAnswersView>;
  getTaskGuess(request: RequestOf<'getTaskGuess'>): Promise<TaskGuess>;
  /** Newest first. */
  listRecentProjects(): Promise<readonly RecentProject[]>;
  /** The bundled plate reader as a separate project, created on first use in the user's data folder. */
  openSample(): Promise<ProjectView>;
  /** The HTML report of a run. */
  getReport(request: RequestOf<'getReport'>): Promise<{ readonly html: string }>;
  getHistory(request: RequestOf<'getHistory'>): Promise<HistoryView>;
  getRun(request: RequestOf<'getRun'>): Promise<RunView>;
  markRun(request: RequestOf<'markRun'>): Promise<RunMarks>;
  getToolchain(request: RequestOf<'getToolchain'>): Promise<ToolchainView>;
  getAnalyses(request: RequestOf<'getAnalyses'>): Promise<AnalysesView>;
  getAnalysisCost(request: RequestOf<'getAnalysisCost'>): Promise<AnalysisCost>;
  /** The last check of the calibration set; null if it was never checked. */
  getHealth(request: RequestOf<'getHealth'>): Promise<Dated<HealthResult> | null>;
  /** The layers of the engine of a variant, on TensorRT, ONNX Runtime or OpenVINO. */
  getEngineLayers(request: RequestOf<'getEngineLayers'>): Promise<EnginesView>;
  /** The inputs of the model, and the shapes that engines take by default. */
  getShapes(request: RequestOf<'getShapes'>): Promise<ShapesView>;
  importCache(request: RequestOf<'importCache'>): Promise<ImportReport>;
  exportProject(request: RequestOf<'exportProject'>): Promise<ExportResult>;
  /** Repeats the recorded answers of a package. */
  replayPackage(request: RequestOf<'replayPackage'>): Promise<ReplayResult>;
  doctor(): Promise<DoctorReport>;
  startJob(spec: RequestOf<'startJob'>): Promise<{ readonly jobId: JobId }>;
  getJob(request: RequestOf<'getJob'>): Promise<JobSnapshot>;
  listJobs(): Promise<readonly JobSnapshot[]>;
  cancelJob(request: RequestOf<'cancelJob'>): Promise<JobSnapshot>;
  subscribe(listener: (event: WorkbenchEvent) => void): Unsubscribe;
}

/**
 * Every method of REQUEST_SCHEMAS. This is a separate list, so that a page that only calls the methods does not load
 * the schemas.
 */
export const API_METHODS = [
  'inspectModel',
  'createProject',
  'openProject',
  'editProject',
  'getThresholds',
  'getHistogram',
  'getWeights',
  'getModel',
  'getImageSet',
  'getThumbnail',
  'getPreview',
  'getImageAnswers',
  'getTaskGuess',
  'listRecentProjects',
  'openSample',
  'getReport',
  'getHistory',
  'getRun',
  'markRun',
  'getToolchain',
  'getAnalyses',
  'getAnalysisCost',
  'getHealth',
  'getEngineLayers',
  'getShapes',
  'importCache',
  'exportProject',
  'replayPackage',
  'doctor',
  'startJob',
  'getJob',
  'listJobs',
  'cancelJob',
] as const satisfies readonly (ApiMethod & keyof WorkbenchApi)[];
