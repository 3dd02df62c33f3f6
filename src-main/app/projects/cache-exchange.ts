import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ExportRequest } from '../../../src-shared/contract/requests';
import type { ExportResult, ImportReport } from '../../../src-shared/contract/views';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { Method } from '../../../src-shared/domain/project/methods';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { writeFileAtomic } from '../../base/atomic-file';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { resolvedMethod, thresholdsInUse } from '../../calibration/histograms/threshold-table';
import { tensorrtNames } from '../../calibration/tensorrt/tensorrt-names';
import {
  formatCalibrationCache,
  parseCalibrationCache,
  type CacheEntry,
  type CalibrationCache,
} from '../../calibration/tensorrt/trt-cache';
import { mapCache, type CacheMapping, type CacheVocabulary } from '../../calibration/tensorrt/trt-cache-mapping';
import type { Compute } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { readModel } from '../../onnx/wire/wire-reader';
import { requireOriginalValues } from './rescaled-model';
import { saveProject } from './project-store';
import { openCalibration, prepared, type Workspace } from './workspace';

/** The version that TensorRT 10.6 writes into its own calibration caches. */
const CACHE_VERSION = 'TRT-100600';
/** A cache with fewer known names than this share of its unknown names belongs to another model. */
const MIN_KNOWN_SHARE = 0.1;
const MAX_CACHE_BYTES = 256 * 1024 * 1024;

/** Reads a calibration cache. Its thresholds become those of the project's method `imported`. */
export async function importCache(workspace: Workspace, cachePath: string, compute: Compute): Promise<ImportReport> {
  requireOriginalValues(workspace, 'A calibration cache');
  const cache = await readCache(cachePath);
  const mapping = mapCache(
    cache,
    vocabularyOf(await prepared(workspace, compute, {}), readModel(workspace.file.model.path)),
  );
  requireOwnCache(mapping, cachePath);
  const importedThresholds = Object.fromEntries(mapping.mapped.map(({ tensor, threshold }) => [tensor, threshold]));
  await writeFileAtomic(workspace.paths.importedCacheFile, formatCalibrationCache(cache));
  await saveProject(workspace.path, { ...workspace.file, importedThresholds, importedFrom: 'cache' });
  return { header: cache.header, ...mapping };
}

/**
 * Refuses a cache of another model, which shares a few names such as `input` at most. Thresholds that were imported
 * before stay. @throws WorkbenchError cache-invalid
 */
function requireOwnCache(mapping: CacheMapping, path: string): void {
  const known = mapping.mapped.length + mapping.ignored.length;
  if (mapping.mapped.length > 0 && known >= mapping.unmapped.length * MIN_KNOWN_SHARE) return;
  const [example] = mapping.unmapped;
  throw new WorkbenchError(
    'cache-invalid',
    `${path} belongs to another model: ${mapping.mapped.length} of its names are tensors of this one, ` +
      `${mapping.unmapped.length} are not (${example ?? 'none'})`,
    {
      hint: 'Import the cache that was written for this model; what was imported before is unchanged.',
    },
  );
}

async function readCache(path: string): Promise<CalibrationCache> {
  if (!existsSync(path))
    throw new WorkbenchError('not-found', `There is no file ${path}`, {
      hint: 'Check the path of the calibration cache.',
    });
  const { size } = await stat(path);
  if (size > MAX_CACHE_BYTES)
    throw new WorkbenchError('cache-invalid', `${path} has ${size} bytes; a calibration cache is a small text file`);
  return parseCalibrationCache(await readFile(path, 'utf8'), path);
}

function vocabularyOf(preparedModel: Model, original: Model): CacheVocabulary {
  const { graph } = preparedModel;
  const copies = original.graph.node.flatMap((node) => {
    const [input = ''] = node.input;
    const [output = ''] = node.output;
    return isOp(node, 'Identity', 'Dropout') && input !== '' && output !== '' ? [[output, input] as const] : [];
  });
  return {
    tensors: new Set(
      [...graph.input.map((input) => input.name), ...graph.node.flatMap((node) => node.output)].filter(
        (name) => name !== '',
      ),
    ),
    names: tensorrtNames(original).names,
    copies: new Map(copies),
  };
}

/**
 * Writes the thresholds in use as a calibration cache. If TensorRT's grid was collected, the cache has every name that
 * TensorRT asks for. With method `imported`, the cache equals the imported one bit by bit, except for tensors whose
 * threshold was changed since the import.
 */
export async function exportCache(
  workspace: Workspace,
  request: ExportRequest,
  compute: Compute,
): Promise<ExportResult> {
  requireOriginalValues(workspace, 'A calibration cache');
  const calibration = await openCalibration(workspace);
  const thresholds = new Map(Object.entries(thresholdsInUse(calibration, workspace.file)));
  const warnings: Warning[] = [];
  const imported =
    workspace.file.method === 'imported' && existsSync(workspace.paths.importedCacheFile)
      ? await readCache(workspace.paths.importedCacheFile)
      : null;
  if (!imported && !calibration.tensorrtThresholds()) warnings.push(incompleteCache(thresholds.size));
  const cache = imported
    ? { header: imported.header, entries: await importedEntries(imported, thresholds, workspace, compute) }
    : ownCache(calibration, thresholds, resolvedMethod(calibration, workspace.file, workspace.file.method));
  await mkdir(dirname(request.outPath), { recursive: true });
  await writeFileAtomic(request.outPath, formatCalibrationCache(cache));
  return {
    format: request.format,
    out: request.outPath,
    files: [request.outPath],
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** The calibration cache of one method for all tensors, as a calibrator would pass it to TensorRT 10. */
export function cacheText(workspace: Workspace, calibration: StoredCalibration, method: Method): string {
  const choices = { ...workspace.file, target: 'tensorrt' } as const;
  const thresholds = new Map(
    Object.entries(thresholdsInUse(calibration, choices, method === choices.method ? undefined : method)),
  );
  return formatCalibrationCache(ownCache(calibration, thresholds, resolvedMethod(calibration, choices, method)));
}

function ownCache(
  calibration: StoredCalibration,
  thresholds: ReadonlyMap<string, number>,
  method: Method,
): CalibrationCache {
  const base = tensorrtEntries(calibration, thresholds, method);
  const named = new Set(base.map(({ name }) => name));
  const rest = [...thresholds]
    .filter(([name]) => !named.has(name))
    .map(([name, threshold]) => ({ name, scale: scaleOfThreshold(threshold) }));
  return {
    header: `${CACHE_VERSION}-${method === 'minmax' ? 'MinMaxCalibration' : 'EntropyCalibration2'}`,
    entries: [...base, ...rest],
  };
}

function incompleteCache(tensors: number): Warning {
  return {
    code: 'cache-incomplete',
    message:
      `The cache names the ${tensors} tensors that get Q/DQ and no others; TensorRT runs layers beside unnamed tensors ` +
      "in higher precision. A calibration that collects TensorRT's grid, too, gives all names.",
  };
}

/** Tensors with a threshold in the project use it; all others use what TensorRT's calibrator of this kind computes. */
function tensorrtEntries(
  calibration: StoredCalibration,
  thresholds: ReadonlyMap<string, number>,
  method: Method,
): CacheEntry[] {
  const names = calibration.tensorrtThresholds();
  if (!names) return [];
  const isMinMax = method === 'minmax';
  return [...names.values()].map(({ name, amax, entropy }) => ({
    name,
    scale: scaleOfThreshold(thresholds.get(name) ?? (isMinMax ? amax : entropy)),
  }));
}

/** The imported cache in its own order; a tensor whose threshold was changed since the import uses the new one. */
async function importedEntries(
  cache: CalibrationCache,
  thresholds: ReadonlyMap<string, number>,
  workspace: Workspace,
  compute: Compute,
): Promise<CacheEntry[]> {
  const mapping: CacheMapping = mapCache(
    cache,
    vocabularyOf(await prepared(workspace, compute, {}), readModel(workspace.file.model.path)),
  );
  const changed = new Map(
    mapping.mapped.flatMap(({ name, tensor, threshold }) => {
      const now = thresholds.get(tensor);
      return now === undefined || now === threshold ? [] : [[name, scaleOfThreshold(now)] as const];
    }),
  );
  return cache.entries.map(({ name, scale }) => ({ name, scale: changed.get(name) ?? scale }));
}
