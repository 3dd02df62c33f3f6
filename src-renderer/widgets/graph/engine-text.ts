import { formatSignificant } from '../../../src-shared/base/units';
import type { EngineType } from '../../../src-shared/domain/engines/engine-layers';
import type { LayerInEngine } from '../../../src-shared/domain/engines/engine-view';
import { t } from '../../i18n';

/** Times within an engine are compared with each other: all in one unit. */
export function formatMicroseconds(valueMs: number): string {
  return `${formatSignificant(valueMs * 1000)} µs`;
}

export function typeName(type: EngineType): string {
  return type === 'other' ? t('engine.type.other') : type.toUpperCase();
}

/** Why a layer computes in something else than asked; null where it does not. */
export function mismatchText({ mismatch, asked, runsIn, sharedWith, kernels }: LayerInEngine): string | null {
  if (mismatch === null || asked === null) return null;
  const kernel = kernels.find(({ type }) => type === runsIn);
  const others = (kernel?.onnxLayers ?? sharedWith)
    .filter((name) => sharedWith.includes(name))
    .slice(0, 3)
    .join(', ');
  return t(`engine.mismatch.${mismatch}`, {
    asked: typeName(asked),
    runsIn: typeName(runsIn),
    kernel: kernel?.kind ?? '',
    others,
  });
}
