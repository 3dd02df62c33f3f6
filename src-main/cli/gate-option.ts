import { WorkbenchError } from '../../src-shared/base/errors';
import { type BaselineLimit, GATE_NAMES, type GateName, isGateName } from '../../src-shared/domain/project/gates';
import { parseRealNumber } from './options';

/** Gates whose limit is a percentage. */
const PERCENTAGES: readonly GateName[] = ['maxTop1Drop', 'minTop1', 'minAgreement', 'minInt8Time'];

/** The change of one gate; `none` removes both kinds of limit. */
export interface GateOption {
  readonly name: GateName;
  readonly limit?: number | null;
  readonly baseline?: BaselineLimit | null;
}

/**
 * Parses `maxDrop=0.5`, `maxLatencyMs=baseline+5%`, `minTop1=baseline-0.2`, `maxDrop=none`. Limits of accuracy are in
 * points of the measure: percent for top-1, AP and mIoU times 100.
 * @throws WorkbenchError usage
 */
export function parseGate(given: string): GateOption {
  const [name = '', value = ''] = given.split('=', 2);
  if (!isGateName(name))
    throw new WorkbenchError('usage', `Expected --gate to be one of ${GATE_NAMES.join(', ')}, found "${name}"`);
  if (value === '') throw new WorkbenchError('usage', `Expected --gate NAME=VALUE, found "${given}"`);
  if (value === 'none') return { name, limit: null, baseline: null };
  if (value.startsWith('baseline')) return { name, baseline: parseBaseline(name, value.slice('baseline'.length)) };
  const limit = parseRealNumber(`--gate ${name}`, value);
  if (limit < 0) throw new WorkbenchError('usage', `Expected --gate ${name} to be 0 or more, found ${limit}`);
  if (PERCENTAGES.includes(name) && limit > 100)
    throw new WorkbenchError('usage', `Expected --gate ${name} in percent, at most 100, found ${limit}`);
  if (PERCENTAGES.includes(name) && name.startsWith('min') && limit > 0 && limit <= 1)
    throw new WorkbenchError(
      'usage',
      `Expected --gate ${name} in percent, found ${limit}: every model is better. Did you mean ${100 * limit}?`,
    );
  return { name, limit };
}

/** @param margin empty, `+5%`, `+0.2` for a largest value, `-0.5` for a least one. */
function parseBaseline(name: GateName, margin: string): BaselineLimit {
  if (margin === '') return { margin: 0 };
  const sign = name.startsWith('max') ? '+' : '-';
  const worse = `baseline${sign}N or baseline${sign}N%`;
  if (!margin.startsWith(sign))
    throw new WorkbenchError('usage', `Expected --gate ${name} to be ${worse}, found "baseline${margin}"`, {
      hint: `A run may be that much ${sign === '+' ? 'larger' : 'smaller'} than the baseline.`,
    });
  const isPercent = margin.endsWith('%');
  const amount = parseRealNumber(
    `--gate ${name}`,
    margin.slice(1, isPercent ? -1 : undefined),
    worse,
    (own) => own >= 0,
  );
  return { margin: amount, ...(isPercent ? { isPercent: true } : {}) };
}
