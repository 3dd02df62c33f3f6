import { formatBytes } from '../../../src-shared/base/units';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t, useLanguage } from '../../i18n';
import { runSettings } from './run-diff';
import { runTime } from './run-time';

/** Everything needed to repeat the run. */
export function RunFacts({ record }: { readonly record: RunRecord }) {
  const language = useLanguage();
  const facts: readonly (readonly [string, string])[] = [
    [t('measured.facts.time'), runTime(record.createdAt, language)],
    ...runSettings(record).map(
      (setting) => [setting.isFlag ? setting.key : t(`measured.setting.${setting.key}`), setting.value] as const,
    ),
    [t('measured.facts.memory'), formatBytes(record.machine.memoryBytes)],
  ];
  return (
    <section className="results-section results-facts" aria-labelledby="results-facts">
      <h2 id="results-facts">{t('measured.facts')}</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
