import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  kernelTimesSchema,
  noKernelTimes,
  withKernelTimes,
  type KernelTimes,
} from '../../../src-shared/domain/engines/kernel-times';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import { attrInt, attrInts } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from '../../quantization/rules/graph-facts';
import { sizesOf } from '../../quantization/rules/layer-values';
import type { Partition } from '../../quantization/rules/partitions';

/** The table of a kind of GPU, in the data folder of the user. */
function tablePath(userDataDir: string, { gpu, tensorrt }: Pick<KernelTimes, 'gpu' | 'tensorrt'>): string {
  return join(userDataDir, 'kernel-times', `${gpu.replaceAll(/[^A-Za-z0-9.]+/g, '-')}-tensorrt-${tensorrt}.json`);
}

export function loadKernelTimes(userDataDir: string, gpu: string, tensorrt: string): KernelTimes {
  const found = readStoredJson(tablePath(userDataDir, { gpu, tensorrt }), kernelTimesSchema);
  return found?.gpu === gpu && found.tensorrt === tensorrt ? found : noKernelTimes(gpu, tensorrt);
}

export async function saveKernelTimes(path: string, table: KernelTimes): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, JSON.stringify(table, null, 1));
}

/** Adds times to the table of a kind of GPU, and returns it. */
export async function rememberKernelTimes(
  userDataDir: string,
  known: KernelTimes,
  times: KernelTimes['times'],
): Promise<KernelTimes> {
  const table = withKernelTimes(known, times);
  await saveKernelTimes(tablePath(userDataDir, table), table);
  return table;
}

/**
 * Reads a table that a tuning exported.
 * @throws WorkbenchError not-found, usage if it is damaged or of another GPU or TensorRT
 */
export function readKernelTimes(path: string, { gpu, tensorrt }: Pick<KernelTimes, 'gpu' | 'tensorrt'>): KernelTimes {
  if (!existsSync(path)) throw new WorkbenchError('not-found', `There is no table of kernel times at ${path}`);
  const found = readStoredJson(path, kernelTimesSchema);
  if (found === null) {
    throw new WorkbenchError('usage', `${path} is no table of kernel times`, {
      hint: 'Choose a file that a tuning has exported.',
    });
  }
  if (found.gpu !== gpu || found.tensorrt !== tensorrt) {
    throw new WorkbenchError(
      'usage',
      `${path} has times of ${found.gpu} with TensorRT ${found.tensorrt}, this is ${gpu} with TensorRT ${tensorrt}`,
    );
  }
  return found;
}

/** Operator, attributes, fused layers and sizes of a compute layer; null if its sizes are not known. */
export function kernelKey(
  facts: GraphFacts,
  node: Node,
  { partition, batch }: { readonly partition: Partition | undefined; readonly batch: number },
): string | null {
  const read = sizesOf(facts, node.input[0] ?? '');
  const written = sizesOf(facts, node.output[0] ?? '');
  const weight = facts.initializer(node.input[1] ?? '')?.dims;
  if (read === undefined || written === undefined || weight === undefined) return null;
  const strides = attrInts(node, 'strides', undefined)?.join('x') ?? '1';
  const fused = partition?.root === node ? partition.members.map(({ opType }) => opType) : [];
  return [
    node.opType,
    ...fused.map((op) => `+${op}`),
    `weights ${weight.join('x')}`,
    `groups ${attrInt(node, 'group', 1)}`,
    `strides ${strides}`,
    `${read.join('x')} to ${written.join('x')}`,
    `batch ${batch}`,
  ].join(' ');
}
