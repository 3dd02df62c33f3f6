import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import type { ImageTruth } from '../../../src-shared/domain/tasks/truth';

/** One output of the model for one image. */
export interface MetricOutput {
  readonly dims: readonly number[];
  /** In row-major order. */
  readonly data: Float32Array | Int32Array;
}

/** What a metric learns about the image itself. */
export interface MetricImage {
  /** The name of the image in its set, with `#N` for record N of a .npy or .npz file. */
  readonly file: string;
  /** Absolute path of its file. */
  readonly path: string;
  readonly group: string | null;
  /** Size of the original image in pixels; null for models without an image input. */
  readonly width: number | null;
  readonly height: number | null;
  /** Where the image lies in the network's input; null for models without an image input. */
  readonly geometry: ImageGeometry | null;
}

/** A class index, boxes or a mask; null for an image without a label. */
export type MetricLabel = number | ImageTruth | null;

export interface MetricInput {
  /** By the name of the output. */
  readonly outputs: ReadonlyMap<string, MetricOutput>;
  readonly label: MetricLabel;
  readonly image: MetricImage;
}

/** A user's own metric that is running. Calls are answered in their order. */
export interface UserMetric {
  /**
   * The record of one image: any JSON value; null if the image does not count.
   * @throws WorkbenchError metric-failed, which names the image
   */
  score(input: MetricInput): Promise<unknown>;
  /**
   * The number that records of any selection of images give; NaN if they give none.
   * @throws WorkbenchError metric-failed
   */
  summarize(records: readonly unknown[]): Promise<Measure>;
  /** Ends the thread or the process of the metric. */
  close(): Promise<void>;
}

/** Asked again and again while a metric computes; true ends the metric, and the call fails with `cancelled`. */
export type IsStopped = () => boolean;
