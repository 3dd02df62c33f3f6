import type { LayerId } from '../../base/brand';
import { WorkbenchError } from '../../base/errors';
import { isVariantMethod, VARIANT_METHODS, type VariantMethod } from './methods';
import type { PrecisionPlan } from './precision';

/** `as-imported` is the model file as it came, with the Q/DQ or the float type that it carries. */
export type VariantKind = 'fp32' | 'fp16' | 'int8' | 'mixed' | 'as-imported';

/** A row of the comparison table, parsed: `int8-entropy` is kind int8 with method entropy. */
export interface VariantName {
  /** The name as written. */
  readonly text: string;
  readonly kind: VariantKind;
  /** The method used for every tensor; null: each tensor uses the method that the project sets for it. */
  readonly method: VariantMethod | null;
}

export const AS_IMPORTED = 'as-imported';

/** @throws WorkbenchError usage if the text is not the name of a variant. */
export function parseVariant(text: string): VariantName {
  if (text === 'fp32' || text === 'fp16' || text === 'int8' || text === 'mixed' || text === AS_IMPORTED)
    return { text, kind: text, method: null };
  const dash = text.indexOf('-');
  const kind = text.slice(0, dash);
  const method = text.slice(dash + 1);
  if ((kind === 'int8' || kind === 'mixed') && isVariantMethod(method)) return { text, kind, method };
  throw new WorkbenchError(
    'usage',
    `Expected a variant such as fp32, fp16, int8, mixed, int8-entropy, as-imported, found "${text}"`,
    {
      hint: `int8 and mixed may carry a method: ${VARIANT_METHODS.map((name) => `-${name}`).join(', ')}.`,
    },
  );
}

/**
 * The precision plan of a variant. `mixed` follows the project's plan, including INT8 that was requested by name;
 * `int8` leaves every layer to the rules of the target; `fp16` and `fp32` request that precision for every layer.
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
    case 'int8':
      return { ...projectPlan, layers: {} };
    case 'fp16':
    case 'fp32': {
      const precision = variant.kind;
      return { layers: Object.fromEntries(layers.map((layer) => [layer, precision])) };
    }
  }
}
