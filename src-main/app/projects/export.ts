import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import type { ExportRequest } from '../../../src-shared/contract/requests';
import type { ExportResult } from '../../../src-shared/contract/views';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { unreachable } from '../../../src-shared/base/assert';
import { writeFileAtomic } from '../../base/atomic-file';
import { listRuns } from '../../runs/run-store';
import { tritonConfig, type TritonServing } from '../../packages/triton-config';
import { exportCache } from './cache-exchange';
import { quantizeJob } from '../jobs/quantize-job';
import { jobContext, type JobServices } from '../job-context';
import { checkOutputPath } from './output-path';
import { prepared, type Workspace } from './workspace';

export async function exportProject(
  workspace: Workspace,
  request: ExportRequest,
  services: JobServices,
): Promise<ExportResult> {
  checkOutputPath(request.outPath, workspace);
  switch (request.format) {
    case 'trt-cache':
      return exportCache(workspace, request, services.compute);
    case 'report':
      return exportReport(workspace, request);
    case 'triton':
      return exportTriton(workspace, request, services);
    default:
      return unreachable(request.format);
  }
}

async function exportReport(workspace: Workspace, request: ExportRequest): Promise<ExportResult> {
  const newest = (await listRuns(workspace.path)).at(-1);
  const source = newest === undefined ? null : join(newest.path, 'report.html');
  if (source === null || !existsSync(source)) {
    throw new WorkbenchError('not-found', `The project ${workspace.path} has no run with a report`, {
      hint: advise('run-first', { project: workspace.path }),
    });
  }
  await mkdir(dirname(request.outPath), { recursive: true });
  await writeFileAtomic(request.outPath, await readFile(source));
  return { format: request.format, out: request.outPath, files: [request.outPath] };
}

/** The settings of a package are those of `calib package`; this export has its defaults. */
const SERVING: TritonServing = {
  backend: 'onnxruntime',
  instances: 1,
  maxBatch: 32,
  queueDelayUs: 100,
  preferredBatches: [],
  warmup: [],
  labels: null,
};

/** A Triton model repository: OUT/NAME/config.pbtxt and OUT/NAME/1/model.onnx for Triton's onnxruntime backend. */
async function exportTriton(
  workspace: Workspace,
  request: ExportRequest,
  services: JobServices,
): Promise<ExportResult> {
  const name = workspace.file.name.replace(/[^A-Za-z0-9_-]/g, '_');
  const modelDir = join(request.outPath, name);
  await mkdir(join(modelDir, '1'), { recursive: true });
  const modelPath = join(modelDir, '1', 'model.onnx');
  await quantizeJob(
    { kind: 'quantize', projectPath: workspace.path, target: 'onnxruntime', variant: 'mixed', outPath: modelPath },
    jobContext(services, workspace),
  );
  const configPath = join(modelDir, 'config.pbtxt');
  const { graph } = await prepared(workspace, services.compute, {});
  await writeFileAtomic(configPath, tritonConfig(name, graph, SERVING));
  return { format: request.format, out: request.outPath, files: [configPath, modelPath] };
}
