import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parse, SchemaError } from '../../../src-shared/base/schema';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { TaskContext } from '../../../src-shared/contract/progress';
import {
  TOOLCHAIN_VERSION,
  type Toolchain,
  toolchainDifferences,
  type ToolchainLock,
  toolchainLockSchema,
} from '../../../src-shared/domain/project/toolchain';
import type { BackendId } from '../../../src-shared/domain/project/precision';
import { writeFileAtomic } from '../../base/atomic-file';
import { errnoOf, messageOf } from '../../base/file-errors';
import type { JobServices } from '../job-context';

const FILE = 'toolchain.json';

/** The toolchain of this machine. Without a GPU or TensorRT their parts are absent. */
export async function presentToolchain(
  { toolVersion, onnxruntimeVersion, compute }: JobServices,
  { device = 0, context = {} }: { readonly device?: number | undefined; readonly context?: TaskContext } = {},
): Promise<Toolchain> {
  const common = { calib: toolVersion, onnxruntime: onnxruntimeVersion, cpu: cpus()[0]?.model.trim() ?? 'unknown' };
  try {
    const { version, devices } = await compute.request('tensorrt-status', {}, context);
    const gpu = devices.find(({ index }) => index === device);
    return {
      ...common,
      tensorrt: version,
      ...(gpu === undefined ? {} : { gpu: gpu.name, driver: gpu.driverVersion }),
    };
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'backend-unavailable') return common;
    throw error;
  }
}

/** The lock of a project; null if it has none. @throws WorkbenchError project-invalid */
export async function readToolchainLock(projectPath: string): Promise<ToolchainLock | null> {
  const path = join(projectPath, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    return parse(toolchainLockSchema, JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SchemaError) && !(error instanceof SyntaxError)) throw error;
    throw new WorkbenchError('project-invalid', `${path}: ${messageOf(error)}`, {
      hint: advise('lock-toolchain'),
    });
  }
}

export async function writeToolchainLock(projectPath: string, lock: Omit<ToolchainLock, 'version'>): Promise<void> {
  const text = JSON.stringify({ version: TOOLCHAIN_VERSION, ...lock }, null, 1);
  await writeFileAtomic(join(projectPath, FILE), `${text}\n`);
}

/**
 * Compares this machine with the lock of a project before a run.
 * @throws WorkbenchError toolchain-differs if the lock says so
 */
export async function checkToolchain(
  projectPath: string,
  { backend, device }: { readonly backend: BackendId; readonly device: number | undefined },
  job: { readonly services: JobServices } & TaskContext,
): Promise<readonly Warning[]> {
  const lock = await readToolchainLock(projectPath);
  if (lock === null) return [];
  const isOnGpu = backend === 'tensorrt' || backend === 'ort-cuda';
  const present = await presentToolchain(job.services, { device, context: job });
  const differences = toolchainDifferences(lock.toolchain, present, isOnGpu);
  if (differences.length === 0) return [];
  const message = `The toolchain differs from ${join(projectPath, FILE)}: ${differences.join('; ')}`;
  if (lock.policy === 'note') return [{ code: 'toolchain-differs', message }];
  throw new WorkbenchError('toolchain-differs', message, {
    hint: advise('lock-toolchain'),
  });
}
