import type { Method } from '../../../src-shared/domain/project/methods';
import { GROUP_COLOURS, groupProperty, methodProperty } from '../../../src-shared/domain/palette';

const colourOf = (property: string): string => `var(${property})`;

/** Colours of groups in their order, as on the screens. */
export const GROUP_MARKS = GROUP_COLOURS.map((_, index) => colourOf(groupProperty(index)));

/** One letter and one CSS colour per method, on every chart. */
export const METHOD_MARKS: Readonly<
  Record<Method, { readonly letter: string; readonly colour: string; readonly title: string }>
> = {
  best: { letter: 'B', colour: colourOf(methodProperty('best')), title: 'best' },
  minmax: { letter: 'M', colour: colourOf(methodProperty('minmax')), title: 'minmax' },
  entropy: { letter: 'E', colour: colourOf(methodProperty('entropy')), title: 'entropy' },
  'entropy-tensorrt': { letter: 'T', colour: colourOf(methodProperty('entropy-tensorrt')), title: 'entropy-tensorrt' },
  percentile: { letter: 'P', colour: colourOf(methodProperty('percentile')), title: 'percentile' },
  mse: { letter: 'S', colour: colourOf(methodProperty('mse')), title: 'mse' },
  auto: { letter: 'A', colour: colourOf(methodProperty('auto')), title: 'auto' },
  learned: { letter: 'L', colour: colourOf(methodProperty('learned')), title: 'learned' },
  imported: { letter: 'I', colour: colourOf(methodProperty('imported')), title: 'imported' },
  manual: { letter: 'H', colour: colourOf(methodProperty('manual')), title: 'by hand' },
};

/** Precision that a variant's name stands for: its colour in charts. */
export function variantColour(variant: string): string {
  if (variant.startsWith('int8')) return 'var(--int8)';
  if (variant.startsWith('fp8')) return 'var(--fp8)';
  if (variant.startsWith('w4')) return 'var(--w4)';
  if (variant.startsWith('fp16')) return 'var(--fp16)';
  if (variant.startsWith('fp32')) return 'var(--fp32)';
  return 'var(--mixed)';
}
