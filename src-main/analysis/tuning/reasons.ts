import { formatMs } from '../../../src-shared/base/units';
import type { TunedLayer } from '../../../src-shared/domain/analysis/tuning';
import type { TunableLayer } from './choices';

/** Times of a part in milliseconds. */
export interface PartTimes {
  readonly float: number;
  /** null: INT8 is not possible or not worth trying. */
  readonly int8: number | null;
  /** It was not measured in INT8. */
  readonly isGuess: boolean;
}

/** Why a layer gets its precision. @param shared number of layers that are decided together */
export function reasonOf(
  { layer, op, isRefusedForSpeed, reason }: Pick<TunableLayer, 'layer' | 'op' | 'isRefusedForSpeed' | 'reason'>,
  { float, int8, isGuess }: PartTimes,
  {
    isInt8,
    float: type,
    shared,
  }: { readonly isInt8: boolean; readonly float: 'fp16' | 'fp32'; readonly shared: number },
): TunedLayer {
  const name = type.toUpperCase();
  const times = { floatMs: float, int8Ms: isGuess ? null : int8 };
  const common = { layer, op, precision: isInt8 ? ('int8' as const) : type, ...times };
  const whole = shared > 1 ? `; ${shared} layers that share kernels are decided together` : '';
  if (isGuess && isInt8)
    return {
      ...common,
      code: 'tried-int8',
      reason: `INT8 is tried here, against ${formatMs(float)} in ${name}${whole}`,
    };
  if (int8 === null || isGuess) {
    const why = isRefusedForSpeed ? reason : 'it was not measured in INT8';
    return { ...common, code: 'not-measured', reason: `${formatMs(float)} in ${name}; ${why}${whole}` };
  }
  const compared = `measured on this GPU: INT8 ${formatMs(int8)}, ${name} ${formatMs(float)}`;
  if (isInt8 && int8 > float)
    return {
      ...common,
      code: 'measured-neighbours',
      reason: `${compared}; its neighbours in INT8 save a conversion${whole}`,
    };
  if (!isInt8 && int8 < float)
    return {
      ...common,
      code: 'measured-neighbours',
      reason: `${compared}; the conversions around it would cost more${whole}`,
    };
  return { ...common, code: isInt8 ? 'measured-int8' : 'measured-float', reason: `${compared}${whole}` };
}
