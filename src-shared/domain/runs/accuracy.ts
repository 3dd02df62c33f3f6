import type { BackendId } from '../project/precision';
import { ownValue } from '../../base/records';
import type { PairedComparison } from '../statistics';

/** How well a variant answers on one group of images. */
export interface GroupAccuracy {
  /** Images of the group that were answered. */
  readonly images: number;
  /** Percent; absent without labels. */
  readonly top1?: number;
  /** Percent of images with FP32's top-1; absent without an FP32 pass. */
  readonly agreement?: number;
}

export interface ClassAccuracy {
  /** Class index. */
  readonly label: number;
  readonly name?: string;
  readonly images: number;
  /** Percent. */
  readonly top1: number;
  readonly top1Fp32?: number;
  /** Variant minus FP32, percentage points. */
  readonly difference?: number;
}

/** `count` images of class `label` (null: unlabelled) that FP32 answered `from` and the variant answers `to` (-1: no answer). */
export interface ConfusionChange {
  readonly label: number | null;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** One image whose answer changed. */
export interface WorstImage {
  readonly file: string;
  readonly label: number | null;
  readonly group: string | null;
  /** FP32's class and the score of that answer. */
  readonly fp32: number;
  readonly fp32Score?: number;
  /** The variant's class (-1: no answer) and the score of that answer. */
  readonly answer: number;
  readonly score?: number;
}

export interface OutputQuality {
  /** Name of a model output. */
  readonly name: string;
  /** Signal to error against FP32; null when there is no error at all (or no signal, or the variant answered NaN). */
  readonly sqnrDb: number | null;
  readonly cosine: number | null;
  /** Present (true) when the variant answered NaN or infinity where FP32 did not. */
  readonly notFinite?: true;
}

/** Accuracy of one variant. Percentages are 0..100; a field without a meaning (no labels, no FP32 pass) is absent. */
export interface VariantReport {
  readonly variant: string;
  readonly backend: BackendId;
  /** The earlier variant that is the same model: all numbers are its. */
  readonly sameAs?: string;
  readonly top1?: number;
  readonly top5?: number;
  /** Percent of images whose top-1 equals FP32's; only where an output is [batch, classes]. */
  readonly agreement?: number;
  /** Of the output that lost most against FP32, all images together. */
  readonly outputSqnrDb?: number;
  readonly groups: Readonly<Record<string, GroupAccuracy>>;
  /** Sorted by label; empty without labels. */
  readonly classes: readonly ClassAccuracy[];
  /** Most frequent first, at most 1000. */
  readonly confusions: readonly ConfusionChange[];
  readonly comparedToFp32?: PairedComparison;
  /** Images that FP32 had right and the variant has not (surest first), then other changed answers; at most 50. */
  readonly worstImages: readonly WorstImage[];
  readonly outputs: readonly OutputQuality[];
}

/** The images of a validation set in set order; all arrays have one entry per image. */
export interface ValidationImages {
  readonly files: readonly string[];
  /** Class index, -1 where the image has no label. */
  readonly labels: Int32Array;
  readonly groups: readonly (string | null)[];
  /** By class index; empty when classes have no names. */
  readonly classNames: readonly string[];
}

/** What one variant answered, in set order. */
export interface Predictions {
  /** Class index, -1 where the image failed. */
  readonly top1: Int32Array;
  /** Five class indices per image, row by row; -1 fills up. */
  readonly top5?: Int32Array;
  /** Score of the top-1 answer (probability or logit). */
  readonly scores?: ArrayLike<number>;
}

export interface WorstGroup {
  readonly name: string;
  /** Percent. */
  readonly top1: number;
}

/** The group with the lowest top-1 (ties: first by name); null without labelled groups. */
export function worstGroup(report: Pick<VariantReport, 'groups'>): WorstGroup | null {
  let worst: WorstGroup | null = null;
  for (const name of Object.keys(report.groups).sort()) {
    const top1 = ownValue(report.groups, name)?.top1;
    if (top1 !== undefined && (worst === null || top1 < worst.top1)) worst = { name, top1 };
  }
  return worst;
}

/** The output with the lowest SQNR (ties: the first); null where none has one. */
export function worstOutput<T extends Pick<OutputQuality, 'sqnrDb'>>(outputs: readonly T[]): T | null {
  return outputs.reduce<T | null>(
    (worst, own) =>
      own.sqnrDb !== null && (worst?.sqnrDb === undefined || worst.sqnrDb === null || own.sqnrDb < worst.sqnrDb)
        ? own
        : worst,
    null,
  );
}
