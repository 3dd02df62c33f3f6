import {
  cumulativeShares,
  driftFromRatio,
  driftRatio,
  driftReferences,
  meanRatio,
  type Fold,
} from '../../../src-shared/domain/histograms/drift';
import { ownValue } from '../../../src-shared/base/records';
import type { DriftValue, FieldGroup, FieldTensor } from '../../../src-shared/domain/health/health';
import type { HistogramContent } from '../../../src-shared/domain/histograms/histogram';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import { foldName, type GroupFolds } from './collect';

/** The histograms of one tensor: of the folds of the calibration set, and of the groups of images from the field. */
export interface TensorHistograms {
  readonly tensor: string;
  readonly folds: Readonly<Record<string, HistogramContent>>;
  readonly field: Readonly<Record<string, HistogramContent>>;
}

/** A part of the calibration set that images from the field are compared with: a group, or the whole set (null). */
interface Reference {
  readonly group: string | null;
  readonly images: number;
}

interface MeasuredTensor {
  readonly tensor: string;
  readonly threshold: number;
  readonly amax: number;
  /** Group of the field -> one drift ratio per reference; null if it cannot be computed. */
  readonly ratios: Readonly<Record<string, readonly (number | null)[]>>;
  readonly clipped: Readonly<Record<string, { readonly clippedFraction: number; readonly beyondRange: number }>>;
}

/** Compares images from the field with the calibration set: `add` takes one tensor, `finish` returns the result. */
export class FieldMeasurement {
  private readonly tensors: MeasuredTensor[] = [];
  private references: readonly Reference[] = [];

  constructor(
    private readonly groups: readonly GroupFolds[],
    /** Group of the field -> number of images. */
    private readonly fieldImages: Readonly<Record<string, number>>,
  ) {}

  /** @param threshold in use, real units. @param amax largest absolute value in the calibration set. */
  add({ tensor, folds, field }: TensorHistograms, threshold: number, amax: number): void {
    const exponent = Math.max(
      ...[...Object.values(folds), ...Object.values(field)].map((histogram) => histogram.exponent),
    );
    const counted = this.groups.flatMap(({ group, folds: parts }) =>
      parts.flatMap((images, fold): Fold[] => {
        const histogram = ownValue(folds, foldName(group, fold));
        return histogram === undefined
          ? []
          : [{ group, images: images.length, shares: cumulativeShares(histogram, exponent) }];
      }),
    );
    const references = driftReferences(counted);
    this.references = references.map(({ group, images }) => ({ group, images }));
    const names = Object.keys(this.fieldImages);
    const entries = names.flatMap((name) => {
      const histogram = ownValue(field, name);
      return histogram === undefined ? [] : [[name, histogram] as const];
    });
    this.tensors.push({
      tensor,
      threshold,
      amax,
      ratios: Object.fromEntries(
        entries.map(([name, histogram]) => {
          const shares = cumulativeShares(histogram, exponent);
          return [name, references.map((reference) => driftRatio(reference, shares))];
        }),
      ),
      clipped: Object.fromEntries(
        entries.map(([name, histogram]) => [
          name,
          {
            clippedFraction: evaluateThreshold(histogram, threshold).clippedFraction,
            beyondRange: evaluateThreshold(histogram, amax).clippedFraction,
          },
        ]),
      ),
    });
  }

  /** @param outputNmse group -> normalized error of the worst output; null if outputs cannot be compared. */
  finish(outputNmse: Readonly<Record<string, number | null>>): {
    readonly groups: Readonly<Record<string, FieldGroup>>;
    readonly tensors: readonly FieldTensor[];
  } {
    const nearest = Object.fromEntries(Object.keys(this.fieldImages).map((name) => [name, this.nearest(name)]));
    const groups = Object.fromEntries(
      Object.entries(this.fieldImages).map(([name, images]): [string, FieldGroup] => {
        const worst = this.tensors.reduce<MeasuredTensor | null>(
          (most, one) => (clippedBy(one, name) > (most === null ? 0 : clippedBy(most, name)) ? one : most),
          null,
        );
        const { reference, value } = ownValue(nearest, name) ?? NOT_COMPARED;
        return [
          name,
          {
            ...value,
            images,
            nearest: this.references[reference]?.group ?? null,
            clippedFraction: worst === null ? 0 : clippedBy(worst, name),
            clippedTensor: worst?.tensor ?? null,
            outputNmse: ownValue(outputNmse, name) ?? null,
          },
        ];
      }),
    );
    const tensors = this.tensors.map(({ tensor, threshold, amax, ratios, clipped }): FieldTensor => {
      const perGroup = Object.entries(clipped).map(([name, shares]) => {
        const at = ownValue(nearest, name)?.reference ?? 0;
        return [name, { ...shares, ...this.valueOf(ownValue(ratios, name)?.[at] ?? null, name, at) }] as const;
      });
      return { tensor, threshold, amax, groups: Object.fromEntries(perGroup) };
    });
    return { groups, tensors: tensors.sort((a, b) => largestDrift(b) - largestDrift(a)) };
  }

  /** The reference with the smallest drift from a group of the field, and that drift. */
  private nearest(name: string): { readonly reference: number; readonly value: DriftValue } {
    return this.references.reduce<{ readonly reference: number; readonly value: DriftValue }>((best, _, reference) => {
      const value = this.valueOf(
        meanRatio(this.tensors.map(({ ratios }) => ownValue(ratios, name)?.[reference] ?? null)),
        name,
        reference,
      );
      if (reference === 0) return { reference, value };
      const isNearer =
        value.driftAtLeast < best.value.driftAtLeast ||
        (value.driftAtLeast === best.value.driftAtLeast && value.drift < best.value.drift);
      return isNearer ? { reference, value } : best;
    }, NOT_COMPARED);
  }

  private valueOf(ratio: number | null, name: string, reference: number): DriftValue {
    if (ratio === null) return NOT_COMPARED.value;
    return driftFromRatio(ratio, {
      reference: this.references[reference]?.images ?? 1,
      field: ownValue(this.fieldImages, name) ?? 1,
    });
  }
}

const NOT_COMPARED = { reference: 0, value: { drift: 0, driftAtLeast: 0 } } as const;

function clippedBy(tensor: MeasuredTensor, group: string): number {
  return ownValue(tensor.clipped, group)?.clippedFraction ?? 0;
}

function largestDrift(tensor: FieldTensor): number {
  return Math.max(0, ...Object.values(tensor.groups).map(({ drift }) => drift));
}
