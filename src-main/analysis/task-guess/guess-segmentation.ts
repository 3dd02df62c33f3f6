import type { Task } from '../../../src-shared/domain/tasks/task';
import { outputText, sampleValues, share, shapeOfImage, type OutputFacts, type TaskFacts } from './facts';
import { isProbability } from './guess-scores';

type Segmentation = Extract<Task, { readonly kind: 'segmentation' }>;

export interface GuessedSegmentation {
  readonly task: Segmentation;
  readonly notes: readonly string[];
}

/** The label for pixels that are not counted, which most data sets use. */
const IGNORE_INDEX = 255;
/** The output of a segmentation network may be smaller than its input by these factors. */
const FACTORS = [1, 2, 4, 8];
const MAX_CLASSES = 1024;

interface Candidate {
  readonly output: OutputFacts;
  readonly layout: Segmentation['layout'];
  readonly channels: number;
  readonly factor: number;
}

/** The output with one class, or one score per class, for every pixel of the input; null if there is none. */
export function guessSegmentation(facts: TaskFacts): GuessedSegmentation | null {
  const found = facts.outputs.flatMap((output) => candidateOf(output, facts) ?? []);
  const best = found.sort((a, b) => a.factor - b.factor)[0];
  if (best === undefined) return null;
  // Feature pyramids have several maps of many channels; auxiliary heads have the classes of the first one.
  if (found.some((other) => other.factor !== best.factor && other.channels === best.channels && best.channels > 64))
    return null;
  return best.layout === 'indices' ? ofIndices(best, facts) : ofScores(best);
}

function candidateOf(output: OutputFacts, { size }: TaskFacts): Candidate | null {
  if (size === null) return null;
  const rank = output.dims.length;
  const factorOf = (height = 0, width = 0): number | undefined =>
    FACTORS.find(
      (factor) => Math.ceil(size.inputHeight / factor) === height && Math.ceil(size.inputWidth / factor) === width,
    );
  if (rank === 4) {
    const [a = 0, b = 0, c = 0] = shapeOfImage(output, 3);
    const planar = factorOf(b, c);
    const interleaved = factorOf(a, b);
    if (planar !== undefined && a <= MAX_CLASSES)
      return { output, layout: output.isInteger && a === 1 ? 'indices' : 'nchw', channels: a, factor: planar };
    if (interleaved !== undefined && c <= MAX_CLASSES)
      return { output, layout: output.isInteger && c === 1 ? 'indices' : 'nhwc', channels: c, factor: interleaved };
    return null;
  }
  const [height = 0, width = 0] = shapeOfImage(output, 2);
  const factor = rank === 3 || rank === 2 ? factorOf(height, width) : undefined;
  if (factor === undefined || !(output.dims[0] === 1 || output.dims[0] === null || rank === 2)) return null;
  // Whole numbers are class indices, whatever their type.
  const isIndices = output.isInteger || (output.samples.length > 0 && sampleValues(output).every(Number.isInteger));
  // Scores of [batch, height, width] cannot be named in a task, except as a single plane of NCHW.
  return isIndices ? { output, layout: 'indices', channels: 1, factor } : null;
}

function ofIndices({ output }: Candidate, { classCount }: TaskFacts): GuessedSegmentation {
  const largest = sampleValues(output).reduce((max, value) => Math.max(max, value), 1);
  // The labels may be boxes, among whose classes the background is none.
  const isLabelled = classCount !== undefined && classCount > largest;
  const classes = isLabelled ? classCount : largest + 1;
  return {
    task: { kind: 'segmentation', output: output.name, layout: 'indices', classes, ignoreIndex: IGNORE_INDEX },
    notes: [
      `Segmentation: ${outputText(output)} holds a class index for every pixel.`,
      !isLabelled
        ? `The number of classes, ${classes}, is one more than the largest index of a few images; correct it if ` +
          'classes are missing.'
        : `The number of classes, ${classes}, is that of the labels.`,
    ],
  };
}

function ofScores({ output, layout, channels, factor }: Candidate): GuessedSegmentation | null {
  const values = sampleValues(output);
  const isApplied = values.length > 0 && values.every(isProbability);
  const hasBothSigns = values.some((value) => value < 0) && values.some((value) => value > 0);
  const where = factor === 1 ? 'for every pixel' : `for every block of ${factor}x${factor} pixels`;
  if (channels === 1) {
    // A depth or a density map has one channel, too, but its values are neither probabilities nor of both signs.
    const isDecided = share(values, (value) => value < 0.1 || value > 0.9) > 0.6;
    if (values.length > 0 && !hasBothSigns && !(isApplied && isDecided)) return null;
    const threshold = values.length === 0 || isApplied ? 0.5 : 0;
    return {
      task: { kind: 'segmentation', output: output.name, layout, classes: 2, threshold, ignoreIndex: IGNORE_INDEX },
      notes: [
        `Segmentation: ${outputText(output)} holds one score ${where}.`,
        `A pixel belongs to the object if its score is above ${threshold}.`,
      ],
    };
  }
  // The colours of a picture lie between 0 and 1 or 0 and 255, and do not add up to 1.
  if (channels === 3 && values.length > 0 && !hasBothSigns && !addsUpToOne(output, layout)) return null;
  return {
    task: { kind: 'segmentation', output: output.name, layout, classes: channels, ignoreIndex: IGNORE_INDEX },
    notes: [`Segmentation: ${outputText(output)} holds the scores of ${channels} classes ${where}.`],
  };
}

function addsUpToOne({ samples, dims }: OutputFacts, layout: Segmentation['layout']): boolean {
  const channels = (layout === 'nchw' ? dims[1] : dims.at(-1)) ?? 1;
  return samples.every(({ data }) => {
    if (!data) return false;
    const pixels = data.length / channels;
    const [step, next] = layout === 'nchw' ? [pixels, 1] : [1, channels];
    for (let i = 0; i < pixels; i += Math.max(1, Math.floor(pixels / 500))) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel += 1) sum += data[i * next + channel * step] ?? Number.NaN;
      if (!(Math.abs(sum - 1) < 0.02)) return false;
    }
    return true;
  });
}
