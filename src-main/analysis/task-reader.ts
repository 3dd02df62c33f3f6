import type { ImageEntry } from '../../src-shared/domain/project/image-set';
import { countRegions } from '../../src-shared/domain/measures/regions';
import type { ImageGeometry, TaskAnswer } from '../../src-shared/domain/tasks/answer';
import type { Task } from '../../src-shared/domain/tasks/task';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { OutputTensor } from '../backends/runnable-variant';
import { classify } from './classification-answer';
import { decodeDetections } from './decoders/decode-detections';
import { requireOutput, valuesOf } from './image-outputs';
import { labelMapOf } from './label-map';

/** What is known about an image besides the outputs of models. */
export interface ReadImage {
  readonly entry: ImageEntry;
  /** Where the image lies in the network's input; null for models without an image input. */
  readonly geometry: ImageGeometry | null;
  /** The true class of every pixel of the network's input; null without a mask. Only for the task segmentation. */
  readonly mask: { readonly labels: ArrayLike<number> } | null;
}

/**
 * Turns the outputs of a model for one image into the answer that the task compares. Validation, trials and pictures
 * use the same reader, so that they judge alike.
 */
export interface TaskReader {
  /**
   * @param outputs all outputs for one image, see `imageOutputs`.
   * @param fp32 the outputs of FP32 for the same image; for FP32 itself the same array.
   * @returns null if no task was decided and no output is a classification
   * @throws WorkbenchError model-unsupported when an output does not have the shape that the task says
   */
  read(outputs: readonly OutputTensor[], fp32: readonly OutputTensor[], image: ReadImage): Promise<TaskAnswer | null>;
  /** Ends what the reader has started: the process of a user's metric, for example. */
  close(): Promise<void>;
}

/** @param task null: not decided; the first output of shape [batch, classes] is read as a classification. */
export function createTaskReader(task: Task | null): TaskReader {
  switch (task?.kind) {
    case undefined:
    case 'classification':
      return readerOf((outputs) => classify(outputs, task?.output));
    case 'segmentation':
      return readerOf((outputs, fp32, { mask, geometry, entry }) => {
        if (geometry === null) throw noGeometry(task.kind, entry);
        const own = labelMapOf(requireOutput(outputs, task.output), task, geometry);
        const reference = fp32 === outputs ? own : labelMapOf(requireOutput(fp32, task.output), task, geometry);
        return {
          kind: 'segmentation',
          toTruth: mask && countRegions(own.labels, mask.labels, task.classes, task.ignoreIndex),
          toFp32: countRegions(own.labels, reference.labels, task.classes),
        };
      });
    case 'embedding':
      return readerOf((outputs) => ({
        kind: 'embedding',
        vector: Float32Array.from(valuesOf(requireOutput(outputs, task.output))),
      }));
    case 'detection':
      return readerOf((outputs, _fp32, { geometry, entry }) => {
        if (geometry === null) throw noGeometry(task.kind, entry);
        return { kind: 'detection', detections: decodeDetections(task.decoder, outputs, geometry) };
      });
    case 'custom':
      throw new WorkbenchError('model-unsupported', `The answers of the task ${task.kind} cannot be read`);
  }
}

function readerOf(
  read: (outputs: readonly OutputTensor[], fp32: readonly OutputTensor[], image: ReadImage) => TaskAnswer | null,
): TaskReader {
  return {
    read: async (outputs, fp32, image) => read(outputs, fp32, image),
    close: () => Promise.resolve(),
  };
}

function noGeometry(kind: string, { file }: ImageEntry): WorkbenchError {
  return new WorkbenchError('model-unsupported', `The task ${kind} needs an image input, and ${file} is no image`);
}
