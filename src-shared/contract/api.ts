import type { JobId } from '../base/brand';
import type { ModelInspection } from '../domain/inspection';
import type { TensorHistogram } from '../domain/histogram';
import type { Method } from '../domain/methods';
import type { PartialPreprocessing } from '../domain/preprocessing';
import type { Precision, Target } from '../domain/precision';
import type { ProjectFile } from '../domain/project';
import type { JobSnapshot, JobSpec } from './jobs';

export interface CreateProjectRequest {
  readonly modelPath: string;
  readonly calibrationPath: string;
  readonly validationPath?: string;
  readonly labelsCsv?: string;
  /** Folder to create; default: the model's name with `.calib`, beside the working directory given. */
  readonly projectPath: string;
  readonly preprocessing: PartialPreprocessing;
}

/** A project as every screen and command sees it. */
export interface ProjectView {
  readonly path: string;
  readonly file: ProjectFile;
  /** Calibrations that are finished and belong to the model, set and preprocessing as they are now. */
  readonly calibrated: boolean;
}

/** One change to a project; applied in order, all or none. Tensor and layer names are globs (`*`, `?`). */
export type ProjectEdit =
  | { readonly kind: 'method'; readonly method: Method }
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'tensor-method'; readonly tensor: string; readonly method: Method }
  | { readonly kind: 'threshold'; readonly tensor: string; readonly thresholdReal: number }
  /** Back to the project's method. */
  | { readonly kind: 'clear-tensor'; readonly tensor: string }
  | { readonly kind: 'precision'; readonly layer: string; readonly precision: Precision }
  | { readonly kind: 'preset'; readonly preset: 'first-and-head-fp16' | 'all-int8' }
  | { readonly kind: 'target'; readonly target: Target };

export interface ThresholdRow {
  readonly name: string;
  /** max|x| over the calibration set, real units. */
  readonly amax: number;
  /** Thresholds in real units; a method that does not exist for this tensor is absent. */
  readonly methods: Readonly<Partial<Record<Method, number>>>;
  readonly method: Method;
  /** The threshold in use, real units. */
  readonly threshold: number;
  /** threshold / 127 as float32. */
  readonly scale: number;
  readonly sqnrDb: number;
  /** Share of values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
}

export interface ThresholdTable {
  readonly method: Method;
  readonly tensors: readonly ThresholdRow[];
}

/** The histogram of one tensor over the whole set and per group (empty when the set has no groups). */
export interface HistogramView {
  readonly total: TensorHistogram;
  readonly groups: Readonly<Record<string, TensorHistogram>>;
  /** Largest |x| of every image, real units; same order as `imageFiles`. NaN where the tensor has no value per image. */
  readonly imageAmax: Float32Array;
  readonly imageFiles: readonly string[];
}

/** What an import of a calibration cache did with each name. */
export interface ImportReport {
  readonly header: string;
  readonly mapped: readonly { readonly name: string; readonly tensor: string; readonly threshold: number }[];
  readonly unmapped: readonly string[];
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

export interface ExportRequest {
  readonly projectPath: string;
  readonly format: 'triton' | 'trt-cache' | 'report';
  readonly outPath: string;
}

export interface ExportResult {
  readonly format: ExportRequest['format'];
  readonly out: string;
  readonly files: readonly string[];
}

export interface DoctorCheck {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly found: string;
  /** What to do; absent when nothing is to be done. */
  readonly hint?: string;
  /** The main job does not work without it. */
  readonly required: boolean;
}

export interface DoctorReport {
  readonly checks: readonly DoctorCheck[];
}

export type WorkbenchEvent =
  | { readonly type: 'job'; readonly job: JobSnapshot }
  | { readonly type: 'project'; readonly projectPath: string };

export type Unsubscribe = () => void;

/** Everything the application can do. Implemented once (app/workbench), carried unchanged over every link. */
export interface WorkbenchApi {
  inspectModel(request: { readonly modelPath: string }): Promise<ModelInspection>;
  createProject(request: CreateProjectRequest): Promise<ProjectView>;
  openProject(request: { readonly projectPath: string }): Promise<ProjectView>;
  editProject(request: { readonly projectPath: string; readonly edits: readonly ProjectEdit[] }): Promise<ProjectView>;
  getThresholds(request: { readonly projectPath: string; readonly method?: Method }): Promise<ThresholdTable>;
  getHistogram(request: { readonly projectPath: string; readonly tensor: string }): Promise<HistogramView>;
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
  'importCache',
  'exportProject',
  'doctor',
  'startJob',
  'getJob',
  'listJobs',
  'cancelJob',
] as const satisfies readonly (keyof WorkbenchApi)[];
export type ApiMethod = (typeof API_METHODS)[number];
