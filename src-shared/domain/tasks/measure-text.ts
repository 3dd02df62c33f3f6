import { formatAccuracy, formatFixed, formatPoints } from '../../base/units';

/** The measure of a classification without labels. */
export const AGREEMENT = 'agreement with FP32';
/** Measures that are percentages of images; others are scores from 0 to 100, or in a unit of the user. */
const PERCENTAGES: readonly string[] = ['top-1', AGREEMENT, 'recall@1'];

/** The value of a measure: `97.05 %`, or `35.45` for AP and mIoU. */
export function formatMeasure(name: string, value: number): string {
  return PERCENTAGES.includes(name) ? formatAccuracy(value) : formatFixed(value, 2);
}

/** A difference of two values of a measure with its sign. */
export function formatMeasureDifference(name: string, difference: number): string {
  if (PERCENTAGES.includes(name)) return formatPoints(difference);
  const text = formatFixed(difference, 2);
  return `${difference > 0 && Number(text) > 0 ? '+' : ''}${text}`;
}

/** The worst group with its value: `night 94.20 %`. */
export function worstGroupText(group: {
  readonly name: string;
  readonly measure: number;
  readonly top1?: number;
}): string {
  return `${group.name} ${formatMeasure(group.top1 === undefined ? '' : 'top-1', group.measure)}`;
}

/** The name of a measure with the rules that it follows, for the header of a table: `AP (COCO)`. */
export function measureTitle(name: string, convention: 'coco' | 'ultralytics' | undefined): string {
  if (convention === undefined) return name;
  return `${name} (${convention === 'coco' ? 'COCO' : 'ultralytics'})`;
}
