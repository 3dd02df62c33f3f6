import type { ProjectView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import shared from './run.module.css';
import styles from './project-facts.module.css';

/** The project's inputs and settings that a run will use, shown before the run is started. */
export function ProjectFacts({ project }: { readonly project: ProjectView }) {
  const { file } = project;
  const others = Object.values(file.plan.layers).filter((precision) => precision !== 'int8').length;
  const facts: readonly (readonly [string, string])[] = [
    ['run.facts.model', lastName(file.model.path)],
    ['run.facts.calibration', lastName(file.calibrationSet.path)],
    ['run.facts.calibrated', t(project.calibrated ? 'run.facts.yes' : 'run.facts.no')],
    ['run.facts.validation', file.validationSet === null ? t('run.facts.none') : lastName(file.validationSet.path)],
    ['run.facts.method', file.method],
    ['run.facts.target', file.target],
    ['run.facts.plan', t('run.facts.plan.value', { n: others })],
  ];
  return (
    <section className={shared.panel} aria-labelledby="run-facts">
      <h2 id="run-facts">{t('run.facts')}</h2>
      <dl className={styles.facts}>
        {facts.map(([key, value]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd className="ellipsis" title={value}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The last part of a path; both kinds of separators are accepted. */
function lastName(path: string): string {
  return (
    path
      .split(/[/\\]/)
      .filter((part) => part !== '')
      .at(-1) ?? path
  );
}
