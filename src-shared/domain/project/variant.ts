import type { LayerId } from '../../base/brand';
import { WorkbenchError } from '../../base/errors';
import { isVariantMethod, VARIANT_METHODS, type VariantMethod } from './methods';
import { LOW_FORMATS, type LowFormat, type PrecisionPlan } from './precision';

const KINDS = ['fp32', 'fp16', 'int8', 'mixed', 'as-imported', ...LOW_FORMATS] as const;
/**
 * `as-imported` is the model file as it came, with the Q/DQ or the float type that it carries. Formats below INT8 are
 * questions: they are built on request only.
 */
export type VariantKind = (typeof KINDS)[number];

/** A row of the comparison table, parsed: `int8-entropy` is kind int8 with method entropy. */
export interface VariantName {
  /** The name as written. */
  readonly text: string;
  readonly kind: VariantKind;
  /** The method used for every tensor; null: each tensor uses the method that the project sets for it. */
  readonly method: VariantMethod | null;
  /** The weights are pruned to 2:4 sparsity; absent for all other variants. */
  readonly isSparse?: true;
}

const SPARSE_SUFFIX = '-sparse';
/** Variants whose weights can be pruned. */
const SPARSE_KINDS: readonly VariantKind[] = ['fp32', 'fp16', 'int8', 'mixed'];

export const AS_IMPORTED = 'as-imported';

/** @throws WorkbenchError usage if the text is not the name of a variant. */
export function parseVariant(text: string): VariantName {
  const known = knownVariant(text);
  if (known !== null) return known;
  const dense = text.endsWith(SPARSE_SUFFIX) ? knownVariant(text.slice(0, -SPARSE_SUFFIX.length)) : null;
  if (dense !== null && SPARSE_KINDS.includes(dense.kind)) return { ...dense, text, isSparse: true };
  throw new WorkbenchError(
    'usage',
    `Expected a variant such as fp32, fp16, int8, mixed, int8-entropy, fp8, w4, fp16-sparse, as-imported, found "${text}"`,
    {
      hint: `int8 and mixed may carry a method: ${VARIANT_METHODS.map((name) => `-${name}`).join(', ')}.`,
    },
  );
}

function knownVariant(text: string): VariantName | null {
  const known = KINDS.find((name) => name === text);
  if (known !== undefined) return { text, kind: known, method: null };
  const dash = text.indexOf('-');
  const kind = text.slice(0, dash);
  const method = text.slice(dash + 1);
  return (kind === 'int8' || kind === 'mixed') && isVariantMethod(method) ? { text, kind, method } : null;
}

/** The name of the pruned copy of a variant; null if it has none. */
export function sparseVariantOf(variant: string): string | null {
  const { kind, isSparse } = parseVariant(variant);
  return SPARSE_KINDS.includes(kind) && isSparse === undefined ? `${variant}${SPARSE_SUFFIX}` : null;
}

/** The variant whose pruned copy a variant is; null for variants that are none. */
export function denseVariantOf(variant: string): string | null {
  return variant.endsWith(SPARSE_SUFFIX) ? variant.slice(0, -SPARSE_SUFFIX.length) : null;
}

/** Whether a variant is a question (would it pay here?), which is never meant for shipping by default. */
export function isQuestion(variant: string): boolean {
  return denseVariantOf(variant) !== null || LOW_FORMATS.some((format) => format === variant);
}

/** The format below INT8 that a variant has; null if it has none. */
export function lowFormatOf({ kind }: VariantName): LowFormat | null {
  return LOW_FORMATS.find((format) => format === kind) ?? null;
}

/**
 * The precision plan of a variant. `mixed` follows the project's plan, including INT8 that was requested by name;
 * `int8` leaves every layer to the rules of the target; `fp16` and `fp32` request that precision for every layer.
 * Formats below INT8 take the layers that they can, and leave the others to the fallback precision.
 */
export function planOfVariant(
  variant: VariantName,
  projectPlan: PrecisionPlan,
  layers: readonly LayerId[],
): PrecisionPlan {
  switch (variant.kind) {
    case 'mixed':
    case 'as-imported': // the file has its own precisions, which no plan changes
      return projectPlan;
    case 'fp8':
    case 'w4':
      return {
        layers: {},
        ...(projectPlan.fallbackPrecision === undefined ? {} : { fallbackPrecision: projectPlan.fallbackPrecision }),
      };
    case 'int8':
      return { ...projectPlan, layers: {} };
    case 'fp16':
    case 'fp32': {
      const precision = variant.kind;
      return { layers: Object.fromEntries(layers.map((layer) => [layer, precision])) };
    }
  }
}
