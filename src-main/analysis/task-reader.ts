import { imageId, type ImageEntry } from '../../src-shared/domain/project/image-set';
import { countRegions } from '../../src-shared/domain/measures/regions';
import type { ImageGeometry, TaskAnswer } from '../../src-shared/domain/tasks/answer';
import type { MetricSource, Task } from '../../src-shared/domain/tasks/task';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { OutputTensor } from '../backends/runnable-variant';
import { classify } from './classification-answer';
import { decodeDetections } from './decoders/decode-detections';
import { requireOutput, valuesOf } from './image-outputs';
import { labelMapOf } from './label-map';
import { openMetric } from './metric/open-metric';
import type { IsStopped, MetricOutput, UserMetric } from './metric/user-metric';

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

export interface TaskReaderOptions {
  /** The hash of the user's own metric, if the user has allowed to run it; a metric does not run without it. */
  readonly metricHash?: string | undefined;
  /** Asked while a user's metric computes; true ends it. */
  readonly isStopped?: IsStopped;
}

/** @param task null: not decided; the first output of shape [batch, classes] is read as a classification. */
export function createTaskReader(task: Task | null, options: TaskReaderOptions = {}): TaskReader {
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
      return customReader(task.metric, options);
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

/** The metric is started by the first image. */
function customReader(source: MetricSource, { metricHash, isStopped }: TaskReaderOptions): TaskReader {
  let opening: Promise<UserMetric> | null = null;
  return {
    read: async (outputs, _fp32, { entry, geometry }) => {
      opening ??= openMetric(source, metricHash, isStopped);
      const record = await (
        await opening
      ).score({
        outputs: metricOutputs(outputs),
        label: entry.truth ?? entry.label,
        image: {
          file: imageId(entry),
          path: entry.path,
          group: entry.group,
          width: geometry?.width ?? null,
          height: geometry?.height ?? null,
          geometry,
        },
      });
      return { kind: 'custom', record: record ?? undefined };
    },
    close: async () => (await opening?.catch(() => null))?.close(),
  };
}

function metricOutputs(outputs: readonly OutputTensor[]): ReadonlyMap<string, MetricOutput> {
  return new Map(
    outputs.flatMap(({ name, dims, data, integers }) => {
      const values = data ?? integers;
      if (values === undefined) return [];
      // A view of a batch would be sent with the values of the other images.
      return [
        [name, { dims, data: values.byteLength === values.buffer.byteLength ? values : values.slice() }] as const,
      ];
    }),
  );
}

function noGeometry(kind: string, { file }: ImageEntry): WorkbenchError {
  return new WorkbenchError('model-unsupported', `The task ${kind} needs an image input, and ${file} is no image`);
}
