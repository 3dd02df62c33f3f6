import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { unreachable } from '../../../src-shared/base/assert';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { PackageSpec } from '../../../src-shared/contract/job-specs';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../src-shared/domain/engines/tensorrt-options';
import { imageFeed } from '../../../src-shared/domain/project/feeding';
import { writeFileAtomic } from '../../base/atomic-file';
import { packageRoot } from '../../base/package-info';
import { deepstreamConfig } from '../../packages/deepstream-config';
import { withOpenvinoModel } from '../../packages/openvino-config';
import { tritonConfig, type TritonServing } from '../../packages/triton-config';
import type { JobContext } from '../job-context';
import { exportCache } from '../projects/cache-exchange';
import { prepared } from '../projects/workspace';
import { packageName, type PackageContent } from './package-content';
import { batchingOf } from './serving';

/**
 * The folder that becomes the package: OUT itself, or a model in the repository OUT. Engines belong to GPUs of one
 * compute capability, so that each has a repository of its own: OUT/cc-9.0.
 */
export async function folderOf(
  { packageKind, backend, outPath, tensorrt }: PackageSpec,
  job: JobContext,
): Promise<string> {
  switch (packageKind) {
    case 'folder':
    case 'deepstream':
      return outPath;
    case 'openvino':
      return join(outPath, packageName(job));
    case 'triton': {
      if (backend !== 'tensorrt') return join(outPath, packageName(job));
      const { devices } = await job.services.compute.request('tensorrt-status', {}, job);
      const index = tensorrt?.device ?? DEFAULT_TENSORRT_OPTIONS.device;
      const device = devices.find((own) => own.index === index);
      if (device === undefined) throw new WorkbenchError('backend-unavailable', `There is no GPU ${index}`);
      return join(outPath, `cc-${device.computeCapability}`, packageName(job));
    }
    default:
      return unreachable(packageKind);
  }
}

/** Writes what a kind of package has in addition. */
export async function addConfiguration(content: PackageContent, job: JobContext): Promise<readonly Warning[]> {
  switch (content.spec.packageKind) {
    case 'folder':
      await addClients(content);
      return [];
    case 'triton':
      return addTriton(content, job);
    case 'deepstream':
      return addDeepstream(content, job);
    case 'openvino':
      return [];
    default:
      return unreachable(content.spec.packageKind);
  }
}

/** Adds the model to the configuration that all models of a repository share. */
export async function shareConfiguration({ packageKind, outPath }: PackageSpec, job: JobContext): Promise<void> {
  if (packageKind !== 'openvino') return;
  const path = join(outPath, 'config.json');
  const before = await readFile(path, 'utf8').catch(() => null);
  await writeFileAtomic(path, withOpenvinoModel(before, packageName(job)));
}

/** Programs that repeat the recorded answers, and what they need. */
async function addClients({ folder, spec }: PackageContent): Promise<void> {
  const source = join(packageRoot(), 'resources/package-clients');
  for (const name of await readdir(source))
    if (spec.backend === 'ort-cpu' || name === 'README.md') await copyFile(join(source, name), join(folder, name));
}

async function addTriton({ spec, manifest, folder }: PackageContent, job: JobContext): Promise<readonly Warning[]> {
  const { graph } = await prepared(job.workspace, job.services.compute, job);
  const [sample] = manifest.samples;
  const warmup = [];
  for (const [i, tensor] of (sample?.inputs ?? []).entries()) {
    const file = `image-${i}`;
    await mkdir(join(folder, 'warmup'), { recursive: true });
    await cp(join(folder, tensor.file), join(folder, 'warmup', file));
    warmup.push({ ...tensor, file });
  }
  const { task, classNames } = manifest;
  const output = task?.kind === 'classification' ? (task.output ?? graph.output[0]?.name) : undefined;
  const { batching, notes } = await batchingOf(spec, manifest.variant, job);
  const serving: TritonServing = {
    backend: spec.backend === 'tensorrt' ? 'tensorrt' : 'onnxruntime',
    ...batching,
    maxBatch: spec.backend === 'tensorrt' ? Math.max(...batchesOf(spec), 1) : batching.maxBatch,
    warmup,
    labels: output !== undefined && classNames.length > 0 ? { output, file: 'labels.txt' } : null,
  };
  await writeFile(join(folder, 'config.pbtxt'), tritonConfig(manifest.name, graph, serving));
  return notes;
}

function batchesOf({ tensorrt }: PackageSpec): readonly number[] {
  return tensorrt?.batches ?? DEFAULT_TENSORRT_OPTIONS.batches;
}

async function addDeepstream(
  { spec, manifest, folder, feeding }: PackageContent,
  job: JobContext,
): Promise<readonly Warning[]> {
  const own = imageFeed(feeding);
  const { image } = own ?? {};
  if (own === null || image === undefined || image.height === null || image.width === null)
    throw new WorkbenchError('preprocessing-invalid', 'DeepStream needs one input of images of a fixed size');
  const { channels, height, width } = image;
  const { batching } = await batchingOf(spec, manifest.variant, job);
  const { text, warnings } = deepstreamConfig({
    input: { channels, height, width },
    preprocessing: own.preprocessing,
    task: manifest.task,
    classes: manifest.classNames.length,
    batch: feeding.fixedBatch ?? batching.maxBatch,
  });
  await writeFile(join(folder, 'config_infer.txt'), text);
  const cache = await exportCache(
    job.workspace,
    { projectPath: job.workspace.path, format: 'trt-cache', outPath: join(folder, 'calibration.cache') },
    job.services.compute,
  );
  return [...warnings, ...(cache.warnings ?? [])];
}
