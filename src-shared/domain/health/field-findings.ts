import { formatFixed, formatFraction } from '../../base/units';
import { ownValue } from '../../base/records';
import type { FieldComparison, FieldGroup, HealthFinding } from './health';
import type { HealthLimits } from './health-limits';
import { finding } from './health-sentences';
import type { Method } from '../project/methods';

/** The rules that derive findings from measurements of images from the deployment ("field"). Pure functions. */

const NAMED_TENSORS = 8;
/**
 * Number of images per group from which drift can distinguish what a set covers from what it lacks, see docs/health.md.
 */
const ENOUGH_IMAGES = 16;

/** Whether there are so few images that a drift beyond the limit may be chance. */
export function isUnclear(
  { images, drift, driftAtLeast }: Pick<FieldGroup, 'images' | 'drift' | 'driftAtLeast'>,
  limit: number,
): boolean {
  return images < ENOUGH_IMAGES && drift > limit && driftAtLeast <= limit;
}

/** @param skipped images from the deployment. */
export function skippedFindings(
  skipped: readonly { readonly file: string; readonly reason: string }[],
): HealthFinding[] {
  const [first] = skipped;
  if (first === undefined) return [];
  return [
    finding({
      code: 'field-skipped',
      severity: 'warning',
      facts: { count: skipped.length, reason: first.reason },
      file: first.file,
      value: skipped.length,
    }),
  ];
}

/**
 * Findings about the calibration set and the method from images of the deployment. The method is the cause of clipping
 * if the calibration set covers the group and minmax would not clip it; otherwise the set lacks such images.
 */
export function fieldFindings(
  field: FieldComparison,
  methodOf: (tensor: string) => Method,
  limits: HealthLimits,
): HealthFinding[] {
  return Object.entries(field.groups).flatMap(([name, group]) => {
    const drifts = group.driftAtLeast > limits.drift;
    return [
      ...driftFindings(field, name, limits),
      ...clippedFindings(field, name, { methodOf, limits, drifts }),
      ...outputFindings(name, group, limits, isSetAtFault(field, name, limits)),
    ];
  });
}

/** The set is the cause for a group that drifts, or that minmax would clip as well. */
function isSetAtFault(field: FieldComparison, name: string, limits: HealthLimits): boolean {
  const group = ownValue(field.groups, name);
  return (
    (group?.driftAtLeast ?? 0) > limits.drift ||
    field.tensors.some((tensor) => (ownValue(tensor.groups, name)?.beyondRange ?? 0) > limits.clippedFraction)
  );
}

function driftFindings(field: FieldComparison, name: string, limits: HealthLimits): HealthFinding[] {
  const group = ownValue(field.groups, name);
  if (group === undefined) return [];
  if (isUnclear(group, limits.drift)) {
    const facts = {
      group: name,
      count: group.images,
      drift: formatFixed(group.drift, 2),
      limit: formatFixed(limits.drift, 2),
      needed: ENOUGH_IMAGES,
    };
    return [
      finding({
        code: 'field-unclear',
        severity: 'warning',
        facts,
        group: name,
        value: group.drift,
        limit: limits.drift,
      }),
    ];
  }
  const drifts = group.driftAtLeast > limits.drift;
  const tensors = [...field.tensors]
    .sort((a, b) => (ownValue(b.groups, name)?.drift ?? 0) - (ownValue(a.groups, name)?.drift ?? 0))
    .map(({ tensor }) => tensor);
  return [
    finding({
      code: drifts ? 'field-drift' : 'field-covered',
      severity: drifts ? 'error' : 'info',
      facts: {
        group: name,
        count: group.images,
        drift: formatFixed(group.driftAtLeast, 2),
        limit: formatFixed(limits.drift, 2),
        tensor: tensors[0] ?? '',
      },
      group: name,
      value: group.driftAtLeast,
      limit: limits.drift,
      ...(drifts ? { tensors: tensors.slice(0, NAMED_TENSORS) } : {}),
    }),
  ];
}

interface ClipRule {
  readonly methodOf: (tensor: string) => Method;
  readonly limits: HealthLimits;
  /** Whether the group drifts from the calibration set as a whole. */
  readonly drifts: boolean;
}

function clippedFindings(
  field: FieldComparison,
  name: string,
  { methodOf, limits, drifts }: ClipRule,
): HealthFinding[] {
  // Clipping by the method counts as costly if the output error is above the limit or unknown.
  const isCostly = (ownValue(field.groups, name)?.outputNmse ?? Number.POSITIVE_INFINITY) > limits.outputNmse;
  const clipped = field.tensors
    .flatMap(({ tensor, groups }) => {
      const own = ownValue(groups, name);
      return own !== undefined && own.clippedFraction > limits.clippedFraction ? [{ tensor, ...own }] : [];
    })
    .sort((a, b) => b.clippedFraction - a.clippedFraction);
  return ([true, false] as const).flatMap((bySet) => {
    const found = clipped.filter(({ beyondRange }) => (drifts || beyondRange > limits.clippedFraction) === bySet);
    const [worst] = found;
    if (worst === undefined) return [];
    return [
      finding({
        code: bySet ? 'field-clipped' : 'field-clipped-by-method',
        severity: bySet || isCostly ? 'error' : 'warning',
        facts: {
          group: name,
          clipped: formatFraction(worst.clippedFraction),
          beyond: formatFraction(worst.beyondRange),
          tensor: worst.tensor,
          tensors: found.length,
          limit: formatFraction(limits.clippedFraction),
          method: methodOf(worst.tensor),
        },
        group: name,
        value: worst.clippedFraction,
        limit: limits.clippedFraction,
        tensors: found.slice(0, NAMED_TENSORS).map(({ tensor }) => tensor),
      }),
    ];
  });
}

function outputFindings(
  name: string,
  { outputNmse }: FieldGroup,
  limits: HealthLimits,
  bySet: boolean,
): HealthFinding[] {
  if (outputNmse === null || outputNmse <= limits.outputNmse) return [];
  return [
    finding({
      code: bySet ? 'field-output-error' : 'field-output-error-by-method',
      severity: 'error',
      facts: { group: name, error: formatFraction(outputNmse), limit: formatFraction(limits.outputNmse) },
      group: name,
      value: outputNmse,
      limit: limits.outputNmse,
    }),
  ];
}
