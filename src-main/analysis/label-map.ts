import { WorkbenchError } from '../../src-shared/base/errors';
import type { Task } from '../../src-shared/domain/tasks/task';
import type { OutputTensor } from '../backends/runnable-variant';

export type SegmentationTask = Extract<Task, { readonly kind: 'segmentation' }>;

/** The class index of every pixel, row by row. A negative index, or one that no class has, stands for no class. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  readonly labels: Int16Array;
}

/** The class of a pixel whose scores are not numbers: it differs from every true class. */
const NO_CLASS = -1;
/** Value above which a pixel of a single channel belongs to the object, if the task does not say it. */
const DEFAULT_THRESHOLD = 0.5;

/** Scores of shape [classes, height, width] in any memory order. */
interface Scores {
  readonly values: Float32Array | Int32Array;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  /** Steps in `values` from one channel, row or column to the next. */
  readonly channelStep: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * The class of every pixel of the network's input. Scores of another resolution are interpolated bilinearly before the
 * best class is chosen (as torch.nn.functional.interpolate does with align_corners=False, which is how segmentation
 * networks with a stride are evaluated); class indices take the nearest pixel. The lower index wins a tie.
 * @param output the output for one image, see `imageOutputs`.
 * @throws WorkbenchError model-unsupported when the output does not have the shape that the task says
 */
export function labelMapOf(
  output: OutputTensor,
  task: SegmentationTask,
  size: { readonly inputWidth: number; readonly inputHeight: number },
): LabelMap {
  const { inputWidth: width, inputHeight: height } = size;
  const scores = scoresOf(output, task);
  const labels = task.layout === 'indices' ? nearest(scores, width, height) : bestOf(scores, task, { width, height });
  return { width, height, labels };
}

function scoresOf(output: OutputTensor, { layout, classes }: SegmentationTask): Scores {
  const values = output.data ?? output.integers;
  const dims = output.dims[0] === 1 && output.dims.length > 2 ? output.dims.slice(1) : output.dims;
  if (values !== undefined && layout === 'indices') {
    const sizes = dims.length === 3 ? (dims[0] === 1 ? dims.slice(1) : dims[2] === 1 ? dims.slice(0, 2) : []) : dims;
    const [height = 0, width = 0] = sizes;
    if (sizes.length === 2)
      return { values, channels: 1, height, width, channelStep: 0, rowStep: width, columnStep: 1 };
  }
  if (values !== undefined && layout !== 'indices' && dims.length === 3) {
    const [a = 0, b = 0, c = 0] = dims;
    const scores =
      layout === 'nchw'
        ? { values, channels: a, height: b, width: c, channelStep: b * c, rowStep: c, columnStep: 1 }
        : { values, channels: c, height: a, width: b, channelStep: 1, rowStep: b * c, columnStep: c };
    if (scores.channels === classes || (scores.channels === 1 && classes === 2)) return scores;
  }
  const expected =
    layout === 'nchw'
      ? `[batch, ${classes}, height, width]`
      : layout === 'nhwc'
        ? `[batch, height, width, ${classes}]`
        : '[batch, height, width] with class indices';
  throw new WorkbenchError(
    'model-unsupported',
    `The task segmentation expects output "${output.name}" as ${expected}, found [${output.dims.join(', ')}]` +
      (values === undefined ? ' of another element type' : ''),
  );
}

/** For every position of the result the two source positions, and the weight of the second one. */
interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
}

/** Pixels are areas: the centre of pixel i lies at i + 0.5. Beyond the outer centres the outer pixel counts alone. */
function tapsOf(from: number, to: number): Taps {
  const taps = { first: new Int32Array(to), second: new Int32Array(to), weight: new Float32Array(to) };
  for (let i = 0; i < to; i += 1) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.min(from - 1, Math.floor(position));
    taps.first[i] = first;
    taps.second[i] = Math.min(from - 1, first + 1);
    taps.weight[i] = position - first;
  }
  return taps;
}

function bestOf(
  scores: Scores,
  task: SegmentationTask,
  { width, height }: { readonly width: number; readonly height: number },
): Int16Array {
  const labels = new Int16Array(width * height);
  if (scores.channels === 1) {
    const threshold = task.threshold ?? DEFAULT_THRESHOLD;
    forEachValue(scores, 0, { width, height }, (at, value) => {
      labels[at] = Number.isNaN(value) ? NO_CLASS : value > threshold ? 1 : 0;
    });
    return labels;
  }
  const best = new Float32Array(width * height).fill(Number.NEGATIVE_INFINITY);
  for (let channel = 0; channel < scores.channels; channel += 1) {
    forEachValue(scores, channel, { width, height }, (at, value) => {
      if (Number.isNaN(value)) {
        labels[at] = NO_CLASS;
        best[at] = Number.NaN; // No later score is larger than NaN.
      } else if (value > (best[at] ?? 0)) {
        best[at] = value;
        labels[at] = channel;
      }
    });
  }
  return labels;
}

/** Calls `use` with every pixel of one channel in the wanted size. */
function forEachValue(
  { values, channelStep, rowStep, columnStep, width: fromWidth, height: fromHeight }: Scores,
  channel: number,
  { width, height }: { readonly width: number; readonly height: number },
  use: (at: number, value: number) => void,
): void {
  const base = channel * channelStep;
  if (width === fromWidth && height === fromHeight) {
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1) use(y * width + x, values[base + y * rowStep + x * columnStep] ?? Number.NaN);
    return;
  }
  const rows = tapsOf(fromHeight, height);
  const columns = tapsOf(fromWidth, width);
  for (let y = 0; y < height; y += 1) {
    const upper = base + (rows.first[y] ?? 0) * rowStep;
    const lower = base + (rows.second[y] ?? 0) * rowStep;
    const down = rows.weight[y] ?? 0;
    for (let x = 0; x < width; x += 1) {
      const left = (columns.first[x] ?? 0) * columnStep;
      const right = (columns.second[x] ?? 0) * columnStep;
      const across = columns.weight[x] ?? 0;
      const above = mixed(values[upper + left] ?? 0, values[upper + right] ?? 0, across);
      const below = mixed(values[lower + left] ?? 0, values[lower + right] ?? 0, across);
      use(y * width + x, mixed(above, below, down));
    }
  }
}

/** A weight of 0 takes the first value as it is, even if the second one is not finite. */
function mixed(first: number, second: number, weight: number): number {
  return weight === 0 ? first : first + (second - first) * weight;
}

function nearest(
  { values, rowStep, columnStep, width: fromWidth, height: fromHeight }: Scores,
  width: number,
  height: number,
): Int16Array {
  const labels = new Int16Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = Math.min(fromHeight - 1, Math.floor(((y + 0.5) * fromHeight) / height)) * rowStep;
    for (let x = 0; x < width; x += 1) {
      const column = Math.min(fromWidth - 1, Math.floor(((x + 0.5) * fromWidth) / width));
      const label = values[row + column * columnStep] ?? NO_CLASS;
      labels[y * width + x] = label >= 0 && label <= 32767 ? Math.round(label) : NO_CLASS;
    }
  }
  return labels;
}
