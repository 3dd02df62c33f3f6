import { create } from 'zustand';
import type { ProjectView } from '../../../src-shared/contract/views';
import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import type { SearchLimits } from '../../../src-shared/domain/analysis/analysis';
import { HISTOGRAM_METHODS } from '../../../src-shared/domain/project/methods';
import type { Gates } from '../../../src-shared/domain/project/gates';

export interface SearchOptions {
  /** Percentage points; null: the gate of the project. */
  readonly maxDrop: number | null;
  readonly maxWorstGroupDrop: number | null;
  /** Largest output error (noise-to-signal ratio) of the worst group if there are no labels; null: the default. */
  readonly maxNmse: number | null;
  /** null: no limit. */
  readonly maxLayers: number | null;
  /** The number of images that plans are evaluated on; null: all. */
  readonly limit: number | null;
  /**
   * The threshold method for all tensors; null: the current thresholds, or those of auto if they are clearly better.
   */
  readonly method: SearchMethod | null;
  /** If true, the latency is measured with TensorRT engines instead of the target's own method. */
  readonly usesTensorrt: boolean;
}

export const SEARCH_METHODS = [...HISTOGRAM_METHODS, 'auto'] as const;
export type SearchMethod = (typeof SEARCH_METHODS)[number];

interface OptionsState {
  readonly options: SearchOptions;
  readonly change: (changes: Partial<SearchOptions>) => void;
}

export const DEFAULT_OPTIONS: SearchOptions = {
  maxDrop: null,
  maxWorstGroupDrop: null,
  maxNmse: null,
  maxLayers: null,
  limit: null,
  method: null,
  usesTensorrt: false,
};

/** Defaults in percentage points, used if the project has no gate. */
const DEFAULT_DROP = 0.5;
const DEFAULT_WORST_GROUP_DROP = 1;
/** The output error above which unlabelled images count as lost, whatever their answers are. */
const DEFAULT_MAX_NMSE = 0.02;

export const useSearchOptions = create<OptionsState>()((set) => ({
  options: DEFAULT_OPTIONS,
  change: (changes) => set((state) => ({ options: { ...state.options, ...changes } })),
}));

/** The limits that a search would use. */
export function limitsInForce(options: SearchOptions, gates: Gates): SearchLimits {
  return {
    maxDrop: options.maxDrop ?? gates.maxDrop ?? gates.maxTop1Drop ?? DEFAULT_DROP,
    maxWorstGroupDrop: options.maxWorstGroupDrop ?? gates.maxWorstGroupDrop ?? DEFAULT_WORST_GROUP_DROP,
    maxLayers: options.maxLayers,
    maxNmse: options.maxNmse ?? DEFAULT_MAX_NMSE,
  };
}

/** True if plans would be evaluated without labels: only the validation set can have labels, field images have none. */
export function isUnlabelled(fieldPath: string, file: Pick<ProjectView['file'], 'validationSet'>): boolean {
  return fieldPath.trim() !== '' || file.validationSet === null;
}

export function searchSpec(
  options: SearchOptions,
  fieldPath: string,
  project: Pick<ProjectView, 'path' | 'file'>,
): SearchSpec {
  const { maxDrop, maxWorstGroupDrop, maxLayers } = limitsInForce(options, project.file.gates);
  const againstPath = fieldPath.trim();
  return {
    kind: 'search',
    projectPath: project.path,
    maxDrop,
    maxWorstGroupDrop,
    ...(options.maxNmse === null ? {} : { maxNmse: options.maxNmse }),
    ...(maxLayers === null ? {} : { maxLayers }),
    ...(againstPath === '' ? {} : { againstPath }),
    ...(options.limit === null ? {} : { limit: options.limit }),
    ...(options.method === null ? {} : { method: options.method }),
    ...(options.usesTensorrt ? { backend: 'tensorrt' as const } : {}),
  };
}
