import { formatBytes } from '../../../src-shared/base/units';
import type { RunRecord } from '../../../src-shared/domain/run-record';
import { t, useLanguage } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';
import { runSettings } from './run-diff';
import { runTime } from './run-time';

/** Everything needed to repeat the run, and what it warned of. */
export function RunFacts({ record }: { readonly record: RunRecord }) {
  const language = useLanguage();
  const facts: readonly (readonly [string, string])[] = [
    [t('results.facts.time'), runTime(record.createdAt, language)],
    ...runSettings(record).map((setting) => [setting.isFlag ? setting.key : t(`results.setting.${setting.key}`), setting.value] as const),
    [t('results.facts.memory'), formatBytes(record.machine.memoryBytes)],
  ];
  return (
    <section className="results-section results-facts" aria-labelledby="results-facts">
      <h2 id="results-facts">{t('results.facts')}</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
      </dl>
      {record.warnings.length === 0 ? null : (
        <>
          <h3>{t('results.warnings')}</h3>
          <ul>
            {record.warnings.map((warning, index) => (
              <li key={index}>{recordSentence(warning.message)}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
