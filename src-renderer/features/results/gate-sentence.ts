import type { GateResult } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { gateAmount, gateLimit } from './gate-marks';

/** In the reader's language where the reason is a known one. */
export function reasonText({ reason, reasonCode }: Pick<GateResult, 'reason' | 'reasonCode'>): string {
  return reasonCode === undefined ? (reason ?? '') : t(`results.gate.reason.${reasonCode}`);
}

/** One judgement in words: which gate, what was found or why nothing was, and the limit. */
export function gateSentence(gate: GateResult): string {
  const limit = gateLimit(gate);
  const outcome =
    gate.value === null
      ? t('results.gate.unknown', { reason: reasonText(gate), limit })
      : t(gate.met ? 'results.gate.met' : 'results.gate.missed', { value: gateAmount(gate.name, gate.value), limit });
  return t('results.gate.sentence', {
    name: t(`results.gate.${gate.name}`),
    group: gate.group === undefined ? '' : ` (${gate.group})`,
    outcome,
  });
}
