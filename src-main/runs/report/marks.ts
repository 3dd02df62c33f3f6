import type { Method } from '../../../src-shared/domain/methods';

/** One letter and one CSS colour per method, on every chart. */
export const METHOD_MARKS: Readonly<Record<Method, { readonly letter: string; readonly colour: string; readonly title: string }>> = {
  minmax: { letter: 'M', colour: 'var(--method-minmax)', title: 'minmax' },
  entropy: { letter: 'E', colour: 'var(--method-entropy)', title: 'entropy' },
  'entropy-tensorrt': { letter: 'T', colour: 'var(--method-entropy-tensorrt)', title: 'entropy-tensorrt' },
  percentile: { letter: 'P', colour: 'var(--method-percentile)', title: 'percentile' },
  mse: { letter: 'S', colour: 'var(--method-mse)', title: 'mse' },
  auto: { letter: 'A', colour: 'var(--method-auto)', title: 'auto' },
  imported: { letter: 'I', colour: 'var(--method-imported)', title: 'imported' },
  manual: { letter: 'H', colour: 'var(--method-manual)', title: 'by hand' },
};

/** Precision that a variant's name stands for: its colour in charts. */
export function variantColour(variant: string): string {
  if (variant.startsWith('int8')) return 'var(--int8)';
  if (variant.startsWith('fp16')) return 'var(--fp16)';
  if (variant.startsWith('fp32')) return 'var(--fp32)';
  return 'var(--series-3)';
}

/** Colours of groups in their order, as on the screens. */
export const GROUP_COLOURS = Array.from({ length: 8 }, (_, index) => `var(--series-${index + 1})`);
