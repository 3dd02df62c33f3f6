import type { Method } from '../../src-shared/domain/project/methods';
import { methodProperty } from '../../src-shared/domain/palette';
import type { Precision } from '../../src-shared/domain/project/precision';

/** Letters and colours that stand for precisions and methods everywhere, so that colour is never the only sign. */
export const PRECISION_LETTERS: Readonly<Record<Precision, string>> = { int8: '8', fp16: '16', fp32: '32' };

export const METHOD_LETTERS: Readonly<Record<Method, string>> = {
  best: 'B',
  minmax: 'M',
  entropy: 'E',
  'entropy-tensorrt': 'T',
  percentile: 'P',
  mse: 'S',
  auto: 'A',
  imported: 'I',
  manual: 'H',
};

export function methodColor(method: Method): string {
  return `var(${methodProperty(method)})`;
}
