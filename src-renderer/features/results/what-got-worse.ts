import type {
  ClassAccuracy,
  ConfusionChange,
  VariantReport,
  WorstImage,
} from '../../../src-shared/domain/runs/accuracy';
import { ownValue } from '../../../src-shared/base/records';
import type { RunRecord, ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';

/**
 * The name of a class; null for -1 (no answer). If no class has a name, the name is the index. If other classes have
 * names, an unnamed class is `#7`, so that its index is not mistaken for a name.
 */
export function classNameOf(validation: Pick<ValidationRecord, 'classNames'>, label: number): string | null {
  if (label < 0) return null;
  const names = validation.classNames ?? [];
  const name = names[label] ?? '';
  return name === '' ? `${names.length > 0 ? '#' : ''}${label}` : name;
}

/** The variants that were compared with FP32, the shipped ones first. */
export function comparedVariants(record: Pick<RunRecord, 'validation' | 'shipped'>): readonly VariantReport[] {
  const others = (record.validation?.variants ?? []).filter((report) => report.variant !== REFERENCE_VARIANT);
  const isShipped = (report: VariantReport): boolean => record.shipped.includes(report.variant);
  return [...others.filter(isShipped), ...others.filter((report) => !isShipped(report))];
}

export interface GroupRow {
  readonly group: string;
  readonly images: number;
  /** FP32's value; null if FP32 was not validated. */
  readonly reference: number | null;
  readonly bars: readonly {
    readonly variant: string;
    readonly percent: number | null;
    readonly difference: number | null;
  }[];
}

export interface GroupTable {
  /** Name of the measure; null: the values are the agreement with FP32. */
  readonly measure: string | null;
  /** The groups, those with the largest loss first. */
  readonly rows: readonly GroupRow[];
}

/**
 * The measure (agreement with FP32 if groups have none) of every group and variant, and its difference from FP32
 * in percentage points.
 */
export function groupTable(reports: readonly VariantReport[]): GroupTable {
  const names = [...new Set(reports.flatMap((report) => Object.keys(report.groups)))].sort();
  const isMeasured = reports.some((report) =>
    names.some((name) => ownValue(report.groups, name)?.measure !== undefined),
  );
  const percentOf = (report: VariantReport | undefined, group: string): number | null => {
    const found = ownValue(report?.groups, group);
    return (isMeasured ? found?.measure : found?.agreement) ?? null;
  };
  const reference = reports.find((report) => report.variant === REFERENCE_VARIANT);
  const rows = names.map((group) => {
    const fp32 = percentOf(reference, group);
    const bars = reports.map((report) => {
      const percent = percentOf(report, group);
      const difference = report === reference || percent === null || fp32 === null ? null : percent - fp32;
      return { variant: report.variant, percent, difference };
    });
    return {
      group,
      images: Math.max(0, ...reports.map((report) => ownValue(report.groups, group)?.images ?? 0)),
      reference: fp32,
      bars,
    };
  });
  const measure = reports.find((report) => report.measure !== undefined)?.measure?.name ?? null;
  return { measure: isMeasured ? measure : null, rows: rows.sort((a, b) => largestLoss(a) - largestLoss(b)) };
}

function largestLoss(row: GroupRow): number {
  return Math.min(0, ...row.bars.map((bar) => bar.difference ?? 0));
}

/** What classes are sorted by; `images` may also be the number of objects. */
interface SortedClass extends Pick<ClassAccuracy, 'label' | 'images'> {
  readonly difference?: number | undefined;
}

export type ClassOrder = 'difference' | 'label' | 'images';

/** The classes sorted by largest loss, by label, or by frequency; ties by label. */
export function sortClasses<T extends SortedClass>(classes: readonly T[], order: ClassOrder): readonly T[] {
  const key = (entry: T): number => {
    if (order === 'label') return entry.label;
    return order === 'images' ? -entry.images : (entry.difference ?? 0);
  };
  return [...classes].sort((a, b) => key(a) - key(b) || a.label - b.label);
}

export interface ClassSummary {
  readonly worse: number;
  readonly same: number;
  readonly better: number;
}

export function summarizeClasses(classes: readonly Pick<SortedClass, 'difference'>[]): ClassSummary {
  const count = (test: (difference: number) => boolean): number =>
    classes.filter((entry) => test(entry.difference ?? 0)).length;
  return { worse: count((d) => d < 0), same: count((d) => d === 0), better: count((d) => d > 0) };
}

export interface ConfusionRow {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Changed answers, summed over labels, most frequent first. `lost`: FP32 was right; `won`: the variant is right;
 * `other`: neither was right. Without labels all are `other`.
 */
export function confusionRows(
  confusions: readonly ConfusionChange[],
): Readonly<Record<'lost' | 'won' | 'other', readonly ConfusionRow[]>> {
  const of = (kind: 'lost' | 'won' | 'other'): readonly ConfusionRow[] =>
    sumByAnswer(confusions.filter((change) => kindOf(change) === kind));
  return { lost: of('lost'), won: of('won'), other: of('other') };
}

function kindOf(change: ConfusionChange): 'lost' | 'won' | 'other' {
  if (change.label === null) return 'other';
  if (change.label === change.from) return 'lost';
  return change.label === change.to ? 'won' : 'other';
}

function sumByAnswer(confusions: readonly ConfusionChange[]): readonly ConfusionRow[] {
  const sums = new Map<string, ConfusionRow>();
  for (const { from, to, count } of confusions) {
    const key = `${from},${to}`;
    sums.set(key, { from, to, count: count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()].sort((a, b) => b.count - a.count || a.from - b.from || a.to - b.to);
}

export function imagesOf(rows: readonly ConfusionRow[]): number {
  return rows.reduce((sum, row) => sum + row.count, 0);
}

/** The filter of the list of images; if all fields are null, all images are shown. */
export interface ImageFilter {
  readonly group: string | null;
  /** The label of the images. */
  readonly label: number | null;
  /** FP32's answer and the variant's answer. */
  readonly from: number | null;
  readonly to: number | null;
}

export const NO_FILTER: ImageFilter = { group: null, label: null, from: null, to: null };

export function isFiltered(filter: ImageFilter): boolean {
  return filter.group !== null || filter.label !== null || filter.from !== null || filter.to !== null;
}

export function filterImages(images: readonly WorstImage[], filter: ImageFilter): readonly WorstImage[] {
  return images.filter(
    (image) =>
      (filter.group === null || image.group === filter.group) &&
      (filter.label === null || image.label === filter.label) &&
      (filter.from === null || image.fp32 === filter.from) &&
      (filter.to === null || image.answer === filter.to),
  );
}

/** Sets one facet of the filter, or removes it if it is already set. */
export function toggleFilter(filter: ImageFilter, facet: Partial<ImageFilter>): ImageFilter {
  const keys = Object.keys(facet) as (keyof ImageFilter)[];
  const isChosen = keys.every((key) => filter[key] === facet[key]);
  const cleared = Object.fromEntries(keys.map((key) => [key, null]));
  return { ...filter, ...(isChosen ? cleared : facet) };
}
