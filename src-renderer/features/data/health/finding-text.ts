import type { HealthFinding } from '../../../../src-shared/domain/health/health';
import { hasMessage, t } from '../../../i18n';

/** The sentence of a finding in the language in force. */
export function findingText({ code, facts, message }: HealthFinding): string {
  const key = `health.finding.${code}`;
  // A check that a newer version made may know more kinds of findings.
  if (!hasMessage(key)) return message;
  return t(key, Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, shown(name, value)])));
}

function shown(name: string, value: string | number): string | number {
  if (name === 'set' && hasMessage(`health.set.${value}`)) return t(`health.set.${value}`);
  if (name === 'method' && hasMessage(`jobs.method.${value}`)) return t(`jobs.method.${value}`);
  return value;
}
