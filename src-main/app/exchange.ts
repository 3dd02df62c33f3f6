import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExportRequest, ExportResult, ImportReport } from '../../src-shared/contract/api';
import { WorkbenchError } from '../../src-shared/base/errors';
import { unreachable } from '../../src-shared/base/assert';
import { scaleOfThreshold } from '../../src-shared/domain/thresholds';
import { writeFileAtomic } from '../base/atomic-file';
import { formatCalibrationCache, mapCache, parseCalibrationCache } from '../calibration/trt-cache';
import { thresholdsInUse } from '../calibration/threshold-table';
import type { Compute } from '../compute/protocol';
import type { Model } from '../onnx/model';
import { listRuns } from '../runs/run-store';
import { tritonConfig } from '../runs/triton-config';
import { quantizeJob } from './jobs/quantize-job';
import type { JobServices } from './jobs/services';
import { saveProject } from './project-store';
import { openCalibration, prepared, type Workspace } from './workspace';

/** TensorRT 10.6's version in a cache header; the calibrator named there is what TensorRT 10 asks for by default. */
const CACHE_HEADER = 'TRT-100600-EntropyCalibration2';
const MAX_CACHE_BYTES = 256 * 1024 * 1024;

/** Reads a calibration cache; its thresholds become the project's method `imported`. */
export async function importCache(workspace: Workspace, cachePath: string, compute: Compute): Promise<ImportReport> {
  if (!existsSync(cachePath)) throw new WorkbenchError('not-found', `There is no file ${cachePath}`);
  const { size } = await stat(cachePath);
  if (size > MAX_CACHE_BYTES) throw new WorkbenchError('cache-invalid', `${cachePath} has ${size} bytes; a calibration cache is a small text file`);
  const cache = parseCalibrationCache(await readFile(cachePath, 'utf8'), cachePath);
  const model = await prepared(workspace, compute, {});
  const mapping = mapCache(cache, tensorNames(model));
  const importedThresholds = Object.fromEntries(mapping.mapped.map(({ tensor, threshold }) => [tensor, threshold]));
  await saveProject(workspace.path, { ...workspace.file, importedThresholds });
  return { header: cache.header, ...mapping };
}

function tensorNames(model: Model): Set<string> {
  return new Set([...model.graph.input.map((input) => input.name), ...model.graph.node.flatMap((node) => node.output)].filter((name) => name !== ''));
}

export async function exportProject(workspace: Workspace, request: ExportRequest, services: JobServices): Promise<ExportResult> {
  switch (request.format) {
    case 'trt-cache':
      return exportCache(workspace, request);
    case 'report':
      return exportReport(workspace, request);
    case 'triton':
      return exportTriton(workspace, request, services);
    default:
      return unreachable(request.format);
  }
}

async function exportCache(workspace: Workspace, request: ExportRequest): Promise<ExportResult> {
  const thresholds = thresholdsInUse(openCalibration(workspace), workspace.file);
  const entries = Object.entries(thresholds).map(([name, threshold]) => ({ name, scale: scaleOfThreshold(threshold) }));
  await mkdir(dirname(request.outPath), { recursive: true });
  await writeFileAtomic(request.outPath, formatCalibrationCache({ header: CACHE_HEADER, entries }));
  return { format: request.format, out: request.outPath, files: [request.outPath] };
}

async function exportReport(workspace: Workspace, request: ExportRequest): Promise<ExportResult> {
  const newest = (await listRuns(workspace.path)).at(-1);
  const source = newest === undefined ? null : join(newest.path, 'report.html');
  if (source === null || !existsSync(source)) {
    throw new WorkbenchError('not-found', `The project ${workspace.path} has no run with a report`, { hint: `Run: calib run ${workspace.path}` });
  }
  await mkdir(dirname(request.outPath), { recursive: true });
  await copyFile(source, request.outPath);
  return { format: request.format, out: request.outPath, files: [request.outPath] };
}

/** A Triton model repository: OUT/NAME/config.pbtxt and OUT/NAME/1/model.onnx for Triton's onnxruntime backend. */
async function exportTriton(workspace: Workspace, request: ExportRequest, services: JobServices): Promise<ExportResult> {
  const name = workspace.file.name.replace(/[^A-Za-z0-9_-]/g, '_');
  const modelDir = join(request.outPath, name);
  await mkdir(join(modelDir, '1'), { recursive: true });
  const modelPath = join(modelDir, '1', 'model.onnx');
  await quantizeJob({ kind: 'quantize', projectPath: workspace.path, target: 'onnxruntime', variant: 'mixed', outPath: modelPath }, workspace, services, {});
  const configPath = join(modelDir, 'config.pbtxt');
  await writeFileAtomic(configPath, tritonConfig(name, (await prepared(workspace, services.compute, {})).graph));
  return { format: request.format, out: request.outPath, files: [configPath, modelPath] };
}
