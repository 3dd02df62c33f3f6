import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnalysesView, Dated } from '../../../src-shared/contract/views';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { object, oneOf, string, type AnySchema, type InferOutput } from '../../../src-shared/base/schema';
import {
  SENSITIVITY_KINDS,
  autoResultSchema,
  diagnosisResultSchema,
  searchResultSchema,
  sensitivityResultSchema,
  type DiagnosisResult,
  type SearchResult,
  type SensitivityKind,
  type SensitivityResult,
} from '../../../src-shared/domain/analysis/analysis';
import { fixResultSchema } from '../../../src-shared/domain/analysis/fix';
import { adviceResultSchema } from '../../../src-shared/domain/analysis/structure-advice';
import { tuningResultSchema, type TuningResult } from '../../../src-shared/domain/analysis/tuning';
import { healthResultSchema, type HealthResult } from '../../../src-shared/domain/health/health';
import { allInt8, withoutRepairs, type Target } from '../../../src-shared/domain/project/precision';
import { writeFileAtomic } from '../../base/atomic-file';
import { parseStoredJson } from '../../base/json-file';
import { keepNewest } from '../../base/keep-newest';
import { learnedInUse, thresholdsInUse } from '../../calibration/histograms/threshold-table';
import {
  calibrationForThresholds,
  currentCalibrationKey,
  shortHash,
  workspaceOf,
  type Workspace,
} from '../projects/workspace';
import { loadRepair } from './repair-store';
import { loadLearnedResult } from './learned-result-store';
import { loadSmoothingResult } from './smoothing-result-store';

/** Since version 2, errors are those of the worst output, and agreement exists for classifications only. */
const ANALYSIS_VERSION = 2;
/** Number of trial journals that a project keeps; each belongs to one model, target and set of images. */
const KEPT_JOURNALS = 24;
const KEPT_DIAGNOSES = 12;

/** The settings of the project that the result of an analysis depends on: if one changes, the result is stale. */
export interface Basis {
  readonly target: Target;
  /** The thresholds in use. */
  readonly thresholds: boolean;
  /** The precisions of layers in the plan; the other settings of the plan always count. */
  readonly plan: boolean;
  /** The settings that determine the candidates among which thresholds were chosen. */
  readonly candidates?: boolean;
  /** The gates, the task and the validation set instead of the repairs of the plan. */
  readonly judging?: boolean;
}

const storedSchema = <S extends AnySchema>(result: S) =>
  object({ version: oneOf(ANALYSIS_VERSION), basis: string, result });
const STORED = {
  auto: storedSchema(autoResultSchema),
  sensitivity: storedSchema(sensitivityResultSchema),
  search: storedSchema(searchResultSchema),
  diagnosis: storedSchema(diagnosisResultSchema),
  health: storedSchema(healthResultSchema),
  advice: storedSchema(adviceResultSchema),
  fix: storedSchema(fixResultSchema),
  tuning: storedSchema(tuningResultSchema),
};

/** Hash of these settings of the project; null if it has no calibration, or if the threshold of a tensor is missing. */
export async function basisOf(
  current: Workspace,
  { target, thresholds, plan, candidates = false, judging = false }: Basis,
): Promise<string | null> {
  const workspace = judging ? withoutRepairedPlan(current) : current;
  const key = currentCalibrationKey(workspace) ?? currentCalibrationKey(current);
  if (key === null) return null;
  const { file } = workspace;
  try {
    const calibration = await calibrationForThresholds(currentCalibrationKey(workspace) === null ? current : workspace);
    const inUse = thresholds ? thresholdsInUse(calibration, { ...file, target }) : null;
    const { percentile, importedThresholds, task } = file;
    const chosenFrom = candidates
      ? {
          percentile,
          importedThresholds,
          hasTensorrtGrid: calibration.tensorrtThresholds() !== null,
          // The decoder says which values count.
          ...(task?.kind === 'detection' ? { task } : {}),
        }
      : {};
    return shortHash({
      calibration: key,
      target,
      plan: plan ? file.plan : allInt8(file.plan),
      thresholds: inUse,
      ...(thresholds ? learnedInUse(calibration, file) : {}),
      ...chosenFrom,
      ...(judging ? { gates: file.gates, task: file.task ?? null, validation: file.validationSet } : {}),
    });
  } catch (error) {
    if (error instanceof WorkbenchError) return null;
    throw error;
  }
}

function withoutRepairedPlan({ path, file, cache }: Workspace): Workspace {
  return workspaceOf(path, { ...file, plan: withoutRepairs(file.plan) }, cache);
}

const BASES = {
  auto: { thresholds: false, plan: false, candidates: true },
  sensitivity: { thresholds: true, plan: false },
  search: { thresholds: false, plan: false },
  diagnosis: { thresholds: true, plan: true },
  health: { thresholds: true, plan: true },
  advice: { thresholds: true, plan: true },
  // Adopting a plan changes thresholds, precisions and repairs, and the answer stays the same.
  fix: { thresholds: false, plan: false, judging: true },
  // Times do not depend on the values of scales.
  tuning: { thresholds: false, plan: false },
} as const;
export type AnalysisName = keyof typeof BASES;
type AnalysisResult<N extends AnalysisName> = InferOutput<(typeof STORED)[N]>['result'];

/** The settings that this result depends on. The thresholds in use count for a search only if it chose no others. */
function dependsOn(name: AnalysisName, result: { readonly target: Target }): Basis {
  const usesThresholds = name === 'search' && (result as Partial<SearchResult>).method === null;
  return { target: result.target, ...BASES[name], ...(usesThresholds ? { thresholds: true } : {}) };
}

/** Stores a result with its basis. @param file name in the folder `analysis/`, without extension. */
export async function saveAnalysis(
  workspace: Workspace,
  name: AnalysisName,
  file: string,
  result: { readonly target: Target },
): Promise<void> {
  const path = workspace.paths.analysisFile(file);
  await mkdir(workspace.paths.analysisDir, { recursive: true });
  const basis = (await basisOf(workspace, dependsOn(name, result))) ?? '';
  const stored = { version: ANALYSIS_VERSION, basis, result };
  await writeFileAtomic(path, JSON.stringify(stored, null, 1));
}

/** Null when the analysis was never made, or when its file is damaged or of another version: it can be made again. */
async function loadAnalysis<N extends AnalysisName>(
  workspace: Workspace,
  name: N,
  path: string,
): Promise<Dated<AnalysisResult<N>> | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  const stored = text === null ? null : parseStoredJson<(typeof STORED)[AnalysisName]>(text, STORED[name]);
  if (stored === null) return null;
  const isCurrent = stored.basis === (await basisOf(workspace, dependsOn(name, stored.result)));
  return { result: stored.result, isCurrent };
}

/** The stored results of a project, each with whether it is still current; diagnoses are sorted, the newest first. */
export async function loadAnalyses(workspace: Workspace): Promise<AnalysesView> {
  const { paths } = workspace;
  const sensitivity: [SensitivityKind, Dated<SensitivityResult>][] = [];
  for (const kind of SENSITIVITY_KINDS) {
    const path = paths.analysisFile(`sensitivity-${kind}`);
    const found = await loadAnalysis(workspace, 'sensitivity', path);
    if (found) sensitivity.push([kind, found]);
  }
  const files = existsSync(paths.analysisDir)
    ? (await readdir(paths.analysisDir)).filter((name) => /^diagnosis-.*\.json$/.test(name))
    : [];
  const diagnoses: Dated<DiagnosisResult>[] = [];
  for (const name of files) {
    const found = await loadAnalysis(workspace, 'diagnosis', join(paths.analysisDir, name));
    if (found) diagnoses.push(found);
  }
  const repair = loadRepair(workspace);
  const smoothing = loadSmoothingResult(workspace);
  const learned = loadLearnedResult(workspace);
  const advice = await loadAnalysis(workspace, 'advice', paths.analysisFile('advice'));
  const fix = await loadAnalysis(workspace, 'fix', paths.analysisFile('fix'));
  return {
    ...(advice ? { advice } : {}),
    ...(repair ? { repair } : {}),
    ...(fix ? { fix } : {}),
    ...(smoothing ? { smoothing } : {}),
    ...(learned ? { learned } : {}),
    sensitivity: Object.fromEntries(sensitivity),
    auto: await loadAnalysis(workspace, 'auto', paths.analysisFile('auto')),
    search: await loadAnalysis(workspace, 'search', paths.analysisFile('search')),
    diagnoses: diagnoses.sort((a, b) => (a.result.createdAt < b.result.createdAt ? 1 : -1)),
  };
}

/** The stored result of the health check; null if there is none. */
export function loadHealth(workspace: Workspace): Promise<Dated<HealthResult> | null> {
  return loadAnalysis(workspace, 'health', workspace.paths.analysisFile('health'));
}

/** The stored result of the latest tuning; null if there is none. */
export function loadTuning(workspace: Workspace): Promise<Dated<TuningResult> | null> {
  return loadAnalysis(workspace, 'tuning', workspace.paths.analysisFile('tuning'));
}

/** Deletes the oldest journals and diagnoses above the numbers that a project keeps. */
export async function sweepAnalyses(analysisDir: string): Promise<void> {
  await keepNewest(analysisDir, KEPT_JOURNALS, (name) => name.endsWith('.jsonl'));
  await keepNewest(analysisDir, KEPT_DIAGNOSES, (name) => name.startsWith('diagnosis-'));
}
