import type {
  ClassAccuracy,
  ConfusionChange,
  GroupAccuracy,
  OutputQuality,
  Predictions,
  ValidationImages,
  VariantReport,
  WorstImage,
} from './accuracy';
import type { BackendId } from '../project/precision';
import { AGREEMENT } from '../tasks/measure-text';
import type { MeasureDifference } from '../measures/judge';
import { comparePaired, type PairedComparison } from '../statistics';
import type { VariantScores } from './score-variants';

const MAX_CONFUSIONS = 1000;
const MAX_WORST_IMAGES = 50;

export interface VariantResults {
  readonly variant: string;
  readonly backend: BackendId;
  readonly images: ValidationImages;
  /** Omitted for models that do not classify (detectors); then only the outputs can be compared. */
  readonly predictions?: Predictions;
  /**
   * FP32's answers to the same images; omitted if FP32 was not run. For FP32 itself: the same object as `predictions`.
   */
  readonly fp32?: Predictions;
  readonly outputSqnrDb?: number;
  readonly outputs?: readonly OutputQuality[];
  /** The scores of another task than classification. */
  readonly scores?: VariantScores;
}

interface Tally {
  images: number;
  labelled: number;
  right: number;
  rightFp32: number;
  agreeing: number;
  /** Right with FP32 only, and with the variant only. */
  losses: number;
  gains: number;
}

const emptyTally = (): Tally => ({ images: 0, labelled: 0, right: 0, rightFp32: 0, agreeing: 0, losses: 0, gains: 0 });

const percent = (part: number, whole: number): number => (100 * part) / whole;

/** `key: value` for spreading, unless the value is undefined. */
function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}

/**
 * Computes the accuracy of one variant from its answers per image.
 *
 * An image counts if FP32 answered it (without an FP32 pass: if the variant answered it). An image that FP32 answered
 * and the variant did not counts as wrong for the variant, so that a variant cannot gain by failing. Throws a
 * RangeError if the arrays differ in length.
 */
export function buildVariantReport(results: VariantResults): VariantReport {
  const { predictions, outputSqnrDb } = results;
  const common = {
    variant: results.variant,
    backend: results.backend,
    ...(outputSqnrDb === undefined || !Number.isFinite(outputSqnrDb) ? {} : { outputSqnrDb }),
    outputs: (results.outputs ?? []).map(finiteOutput),
  };
  if (predictions === undefined) {
    const { groups = {}, images = [], ...scores } = results.scores ?? {};
    return { ...common, ...scores, groups, classes: [], confusions: [], worstImages: images };
  }
  checkLengths(results.images, predictions, results.fp32);
  const counted = countAnswers(results.images, predictions, results.fp32);
  const { all } = counted;
  const isFp32 = results.fp32 === predictions;
  const compared = results.fp32 === undefined || isFp32 ? null : comparePaired(counted.paired);
  return {
    ...common,
    ...classificationMeasure(all, results.fp32 !== undefined),
    ...present('difference', compared === null ? undefined : differenceOf(compared, counted.paired)),
    ...(all.labelled > 0 ? { top1: percent(all.right, all.labelled) } : {}),
    ...present('top5', top5Percent(results.images, predictions, results.fp32)),
    ...(results.fp32 !== undefined && all.images > 0 ? { agreement: percent(all.agreeing, all.images) } : {}),
    groups: groupReports(counted.groups, results.fp32 !== undefined),
    classes: classReports(counted.classes, results.images.classNames, results.fp32 !== undefined),
    confusions: results.fp32 === undefined ? [] : confusionChanges(results.images.labels, predictions, results.fp32),
    ...present('comparedToFp32', compared ?? undefined),
    worstImages: results.fp32 === undefined ? [] : worstImages(results.images, predictions, results.fp32),
  };
}

/** Top-1, or without labels the agreement with FP32. */
function classificationMeasure(all: Tally, hasFp32: boolean): Pick<VariantReport, 'measure' | 'againstFp32'> {
  const measure = (name: string, value: number) => ({ name, value, higherIsBetter: true });
  if (all.labelled > 0) return { measure: measure('top-1', percent(all.right, all.labelled)) };
  if (!hasFp32 || all.images === 0) return {};
  return { measure: measure(AGREEMENT, percent(all.agreeing, all.images)), againstFp32: true };
}

function differenceOf(
  { top1Difference, interval95, mcnemarP, fewImages }: PairedComparison,
  { losses, gains }: Counted['paired'],
): MeasureDifference {
  const counts = { worseImages: losses, betterImages: gains, p: mcnemarP };
  return { value: top1Difference, interval95, ...counts, ...present('fewImages', fewImages) };
}

/** JSON has no infinity and no NaN: both become null. */
function finiteOutput(output: OutputQuality): OutputQuality {
  const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
  return { ...output, sqnrDb: finite(output.sqnrDb), cosine: finite(output.cosine) };
}

function checkLengths(images: ValidationImages, predictions: Predictions, fp32: Predictions | undefined): void {
  const expected = images.files.length;
  const lengths: readonly (readonly [string, number])[] = [
    ['labels', images.labels.length],
    ['groups', images.groups.length],
    ['top1', predictions.top1.length],
    ['top5 / 5', (predictions.top5?.length ?? expected * 5) / 5],
    ['FP32 top1', fp32?.top1.length ?? expected],
  ];
  for (const [name, found] of lengths) {
    if (found !== expected)
      throw new RangeError(`Expected one entry of ${name} for each of ${expected} images, found ${found}`);
  }
}

interface Counted {
  readonly all: Tally;
  readonly groups: ReadonlyMap<string, Tally>;
  readonly classes: ReadonlyMap<number, Tally>;
  readonly paired: { readonly images: number; readonly losses: number; readonly gains: number };
}

function tallyOf<K>(tallies: Map<K, Tally>, key: K): Tally {
  const found = tallies.get(key);
  if (found !== undefined) return found;
  const fresh = emptyTally();
  tallies.set(key, fresh);
  return fresh;
}

function countAnswers(images: ValidationImages, predictions: Predictions, fp32: Predictions | undefined): Counted {
  const all = emptyTally();
  const groups = new Map<string, Tally>();
  const classes = new Map<number, Tally>();
  for (let i = 0; i < images.files.length; i += 1) {
    const answer = predictions.top1[i] ?? -1;
    const reference = fp32?.top1[i] ?? answer;
    if (reference < 0) continue;
    const label = images.labels[i] ?? -1;
    const group = images.groups[i] ?? null;
    const isRight = label >= 0 && answer === label;
    const isRightFp32 = label >= 0 && reference === label;
    const tallies = [all];
    if (group !== null) tallies.push(tallyOf(groups, group));
    if (label >= 0) tallies.push(tallyOf(classes, label));
    for (const tally of tallies) {
      tally.images += 1;
      if (label >= 0) tally.labelled += 1;
      if (isRight) tally.right += 1;
      if (isRightFp32) tally.rightFp32 += 1;
      if (answer === reference) tally.agreeing += 1;
      if (isRightFp32 && !isRight) tally.losses += 1;
      if (isRight && !isRightFp32) tally.gains += 1;
    }
  }
  return { all, groups, classes, paired: { images: all.labelled, losses: all.losses, gains: all.gains } };
}

/** Percent of labelled images whose label is among the five answers; undefined without top5 or labels. */
function top5Percent(
  images: ValidationImages,
  predictions: Predictions,
  fp32: Predictions | undefined,
): number | undefined {
  const { top5 } = predictions;
  if (top5 === undefined) return undefined;
  let labelled = 0;
  let hits = 0;
  for (let i = 0; i < images.files.length; i += 1) {
    const label = images.labels[i] ?? -1;
    const reference = (fp32 ?? predictions).top1[i] ?? -1;
    if (label < 0 || reference < 0) continue;
    labelled += 1;
    if (top5.subarray(i * 5, i * 5 + 5).includes(label)) hits += 1;
  }
  return labelled === 0 ? undefined : percent(hits, labelled);
}

function groupReports(groups: ReadonlyMap<string, Tally>, hasFp32: boolean): Readonly<Record<string, GroupAccuracy>> {
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, tally]) => [
      name,
      {
        images: tally.images,
        ...(tally.labelled > 0 ? { top1: percent(tally.right, tally.labelled) } : {}),
        ...(tally.labelled > 0 ? { measure: percent(tally.right, tally.labelled) } : {}),
        ...(hasFp32 ? { agreement: percent(tally.agreeing, tally.images) } : {}),
        ...(hasFp32 && tally.labelled > 0 ? changesOf(tally) : {}),
      },
    ]),
  );
}

function changesOf({ losses, gains }: Tally) {
  return { worseImages: losses, betterImages: gains };
}

function classReports(
  classes: ReadonlyMap<number, Tally>,
  classNames: readonly string[],
  hasFp32: boolean,
): readonly ClassAccuracy[] {
  return [...classes]
    .sort(([a], [b]) => a - b)
    .map(([label, tally]) => ({
      label,
      ...present('name', classNames[label]),
      images: tally.images,
      top1: percent(tally.right, tally.images),
      ...(hasFp32
        ? {
            top1Fp32: percent(tally.rightFp32, tally.images),
            difference: (100 * (tally.right - tally.rightFp32)) / tally.images,
            ...changesOf(tally),
          }
        : {}),
    }));
}

function confusionChanges(labels: Int32Array, predictions: Predictions, fp32: Predictions): readonly ConfusionChange[] {
  const counts = new Map<string, { label: number | null; from: number; to: number; count: number }>();
  for (let i = 0; i < labels.length; i += 1) {
    const from = fp32.top1[i] ?? -1;
    const to = predictions.top1[i] ?? -1;
    if (from < 0 || from === to) continue;
    const label = labels[i] ?? -1;
    const key = `${label},${from},${to}`;
    const entry = counts.get(key) ?? { label: label < 0 ? null : label, from, to, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count || (a.label ?? -1) - (b.label ?? -1) || a.from - b.from || a.to - b.to)
    .slice(0, MAX_CONFUSIONS);
}

function worstImages(images: ValidationImages, predictions: Predictions, fp32: Predictions): readonly WorstImage[] {
  const changed: { readonly isLoss: boolean; readonly certainty: number; readonly image: WorstImage }[] = [];
  for (let i = 0; i < images.files.length; i += 1) {
    const reference = fp32.top1[i] ?? -1;
    const answer = predictions.top1[i] ?? -1;
    if (reference < 0 || answer === reference) continue;
    const label = images.labels[i] ?? -1;
    const score = finiteScore(predictions, i);
    changed.push({
      isLoss: label >= 0 && reference === label,
      certainty: answer < 0 ? Number.POSITIVE_INFINITY : (score ?? 0),
      image: {
        file: images.files[i] ?? '',
        label: label < 0 ? null : label,
        group: images.groups[i] ?? null,
        fp32: reference,
        ...present('fp32Score', finiteScore(fp32, i)),
        answer,
        ...present('score', answer < 0 ? undefined : score),
      },
    });
  }
  // Array.prototype.sort is stable, so that equal entries stay in the order of the set.
  changed.sort((a, b) => Number(b.isLoss) - Number(a.isLoss) || compareDescending(a.certainty, b.certainty));
  return changed.slice(0, MAX_WORST_IMAGES).map((entry) => entry.image);
}

function compareDescending(a: number, b: number): number {
  return a === b ? 0 : b - a;
}

function finiteScore(predictions: Predictions, index: number): number | undefined {
  const score = predictions.scores?.[index];
  return score !== undefined && Number.isFinite(score) ? score : undefined;
}
