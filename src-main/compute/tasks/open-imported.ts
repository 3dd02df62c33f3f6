import { existsSync, statSync } from 'node:fs';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { elementTypes } from '../../onnx/graph/dtypes';
import { DataType } from '../../onnx/graph/model';
import { withFloat32Io } from '../../onnx/passes/float-io';
import { readModel } from '../../onnx/wire/wire-reader';
import { writeModel } from '../../onnx/wire/wire-writer';
import type { OpenImportedParams, OpenImportedResult } from '../pool/protocol';

/** The model file as every variant runs: with float32 inputs and outputs. A copy is made only where it must be. */
export async function openImported(
  { modelPath, copyPath }: OpenImportedParams,
  context: TaskContext,
): Promise<OpenImportedResult> {
  const model = readModel(modelPath);
  const hasFp16 = [...elementTypes(model).values()].includes(DataType.FLOAT16);
  const made = withFloat32Io(model);
  const files = new Set([
    modelPath,
    ...model.graph.initializer.flatMap(({ data }) => ('path' in data ? [data.path] : [])),
  ]);
  const sizeBytes = [...files].reduce((sum, path) => sum + statSync(path).size, 0);
  if (made === model) return { modelPath, hasFp16, sizeBytes };
  if (!existsSync(copyPath)) await writeModel(made, copyPath, context);
  return { modelPath: copyPath, hasFp16, sizeBytes };
}
