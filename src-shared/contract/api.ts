import type { JobId } from '../base/brand';
import type { HealthResult } from '../domain/health/health';
import type { ModelInspection } from '../domain/project/inspection';
import type { Method } from '../domain/project/methods';
import type { Target } from '../domain/project/precision';
import type { Preprocessing } from '../domain/project/preprocessing';
import type { AnalysisSpec, JobSpec } from './job-specs';
import type { JobSnapshot } from './jobs';
import type { CreateProjectRequest, ExportRequest, ProjectEdit, SetName } from './requests';
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
} from './views';

export type WorkbenchEvent =
  { readonly type: 'job'; readonly job: JobSnapshot } | { readonly type: 'project'; readonly projectPath: string };

export type Unsubscribe = () => void;

/** Everything the application can do. Implemented once (app/workbench), carried unchanged over every link. */
export interface WorkbenchApi {
  inspectModel(request: { readonly modelPath: string }): Promise<ModelInspection>;
  createProject(request: CreateProjectRequest): Promise<ProjectView>;
  /** `remembers` false: the project is only looked at and does not become the most recent one. */
  openProject(request: { readonly projectPath: string; readonly remembers?: boolean }): Promise<ProjectView>;
  editProject(request: { readonly projectPath: string; readonly edits: readonly ProjectEdit[] }): Promise<ProjectView>;
  getThresholds(request: {
    readonly projectPath: string;
    readonly method?: Method;
    readonly withCosts?: boolean;
  }): Promise<ThresholdTable>;
  getHistogram(request: { readonly projectPath: string; readonly tensor: string }): Promise<HistogramView>;
  getModel(request: { readonly projectPath: string; readonly target?: Target }): Promise<ModelView>;
  getImageSet(request: { readonly projectPath: string; readonly set: SetName }): Promise<ImageSetView>;
  /** At most `size` pixels a side (16 to 512). */
  getThumbnail(request: {
    readonly projectPath: string;
    readonly set: SetName;
    readonly imageId: string;
    readonly size: number;
  }): Promise<Picture>;
  /** With the project's preprocessing, or another one to try out. */
  getPreview(request: {
    readonly projectPath: string;
    readonly set: SetName;
    readonly imageId: string;
    readonly preprocessing?: Preprocessing;
  }): Promise<PreprocessingPreview>;
  /** Newest first. */
  listRecentProjects(): Promise<readonly RecentProject[]>;
  /** The bundled plate reader as a project of its own, made on first use in the user's data folder. */
  openSample(): Promise<ProjectView>;
  /** Newest first. */
  listRuns(request: { readonly projectPath: string }): Promise<readonly RunSummary[]>;
  /** The HTML report of a run. */
  getReport(request: { readonly projectPath: string; readonly runId: string }): Promise<{ readonly html: string }>;
  getAnalyses(request: { readonly projectPath: string }): Promise<AnalysesView>;
  /** Of a job of kind sensitivity, auto, search or diagnose. */
  getAnalysisCost(request: { readonly spec: AnalysisSpec }): Promise<AnalysisCost>;
  /** The last check of the calibration set; null when there was none. */
  getHealth(request: { readonly projectPath: string }): Promise<Dated<HealthResult> | null>;
  /** What TensorRT made of the layers of a variant. */
  getEngineLayers(request: { readonly projectPath: string; readonly variant?: string }): Promise<EnginesView>;
  importCache(request: { readonly projectPath: string; readonly cachePath: string }): Promise<ImportReport>;
  exportProject(request: ExportRequest): Promise<ExportResult>;
  doctor(): Promise<DoctorReport>;
  startJob(spec: JobSpec): Promise<{ readonly jobId: JobId }>;
  getJob(request: { readonly jobId: JobId }): Promise<JobSnapshot>;
  listJobs(): Promise<readonly JobSnapshot[]>;
  cancelJob(request: { readonly jobId: JobId }): Promise<JobSnapshot>;
  subscribe(listener: (event: WorkbenchEvent) => void): Unsubscribe;
}

/** The methods that travel over a link: all but `subscribe`, which is an event stream there. */
export const API_METHODS = [
  'inspectModel',
  'createProject',
  'openProject',
  'editProject',
  'getThresholds',
  'getHistogram',
  'getModel',
  'getImageSet',
  'getThumbnail',
  'getPreview',
  'listRecentProjects',
  'openSample',
  'listRuns',
  'getReport',
  'getAnalyses',
  'getAnalysisCost',
  'getHealth',
  'getEngineLayers',
  'importCache',
  'exportProject',
  'doctor',
  'startJob',
  'getJob',
  'listJobs',
  'cancelJob',
] as const satisfies readonly (keyof WorkbenchApi)[];
export type ApiMethod = (typeof API_METHODS)[number];
