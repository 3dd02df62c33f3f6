import type { VariantReport } from '../../../src-shared/domain/runs/accuracy';

/** The measure of a classification with labels. */
export const TOP1 = 'top-1';

/** One class with the value of the measure, FP32's value and the difference, in the unit of the measure. */
export interface ClassScore {
  readonly label: number;
  /** Number of images, objects or pixels, see `ClassTable.counted`. */
  readonly images: number;
  readonly value: number;
  readonly fp32?: number | undefined;
  readonly difference?: number | undefined;
}

export interface ClassTable {
  readonly rows: readonly ClassScore[];
  /** Name of the measure. */
  readonly measure: string;
  readonly counted: 'images' | 'objects' | 'pixels';
}

/** The classes of a variant, whatever its task. */
export function classTable(report: VariantReport): ClassTable {
  const measure = report.measure?.name ?? TOP1;
  if (report.perClass === undefined) {
    const rows = report.classes.map(({ label, images, top1, top1Fp32, difference }) => ({
      label,
      images,
      value: top1,
      fp32: top1Fp32,
      difference,
    }));
    return { rows, measure, counted: 'images' };
  }
  const rows = report.perClass.map(({ label, truths, value, fp32, difference }) => ({
    label,
    images: truths,
    value,
    fp32,
    difference,
  }));
  const counted = report.ap !== undefined ? 'objects' : report.miou !== undefined ? 'pixels' : 'images';
  return { rows, measure, counted };
}

/** The score of one class: mIoU is the mean of the classes' IoU. */
export function scoreOfClass(measure: string): string {
  return measure.replace(/^mIoU/, 'IoU');
}

/** A column of the scores that a task has besides its measure. */
export interface ScoreColumn {
  readonly id: ScoreId;
  /** Points from 0 to 100; null where nothing counts. */
  readonly value: (report: VariantReport) => number | null;
}

const DETECTION = [
  'ap',
  'ap50',
  'ap75',
  'apSmall',
  'apMedium',
  'apLarge',
  'ar1',
  'ar10',
  'ar100',
  'arSmall',
  'arMedium',
  'arLarge',
] as const;
const SEGMENTATION = ['miou', 'meanDice', 'pixelAccuracy'] as const;
const EMBEDDING = ['recallAt1', 'retrievalMap', 'cosine'] as const;
type ScoreId = (typeof DETECTION)[number] | (typeof SEGMENTATION)[number] | (typeof EMBEDDING)[number];

/** The scores that at least one of the reports has, in their usual order. */
export function scoreColumns(reports: readonly VariantReport[]): readonly ScoreColumn[] {
  return [...DETECTION, ...SEGMENTATION, ...EMBEDDING]
    .filter((id) => reports.some((report) => typeof report[id] === 'number'))
    .map((id) => ({
      id,
      value: (report) => {
        const fraction = report[id];
        return typeof fraction === 'number' ? 100 * fraction : null;
      },
    }));
}
