import { t } from '../../i18n';
import { PrecisionBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { shortNames } from '../../panels/layers/layer-rows';
import { ModelName } from '../../widgets/model-name';
import type { DecisionChange, LayerFilter } from './plan-logic';
import { classNames } from '../../widgets/class-names';
import precisionStyles from './precision.module.css';
import styles from './edit-effects.module.css';

const MOST_SHOWN = 40;

interface EditEffectsProps {
  readonly changes: readonly DecisionChange[];
  readonly onFilter: (filter: LayerFilter) => void;
  readonly onChoose: (layer: string) => void;
}

/** The layers that the last edit changed. Those that were not edited come first, because they are unexpected. */
export function EditEffects({ changes, onFilter, onChoose }: EditEffectsProps) {
  const names = shortNames(changes.map(({ layer }) => layer));
  const ordered = [...changes.filter((change) => !change.isAsked), ...changes.filter((change) => change.isAsked)];
  return (
    <section className={precisionStyles.part} aria-live="polite">
      <h3>{t('precision.effects')}</h3>
      {changes.length === 0 ? (
        <p className={precisionStyles.note}>{t('precision.effects.none')}</p>
      ) : (
        <p className={classNames(precisionStyles.note, precisionStyles.refused)}>
          {t('precision.changed', { count: changes.length })}
          <Button tone="quiet" onClick={() => onFilter('changed')}>
            {t('precision.refusedCount.show')}
          </Button>
        </p>
      )}
      <ul className={styles.root}>
        {ordered.slice(0, MOST_SHOWN).map((change) => (
          <li key={change.layer}>
            <button
              type="button"
              className={styles.effect}
              title={`${change.layer}\n${change.code}`}
              onClick={() => onChoose(change.layer)}
            >
              <ModelName name={change.layer} short={names.get(change.layer) ?? change.layer} />
              <span className={styles.effectChange}>
                {change.before === change.after ? (
                  <span className="dim ellipsis">
                    {t(change.isAsked ? 'precision.effect.same' : 'precision.effect.edges')}
                  </span>
                ) : (
                  <>
                    <PrecisionBadge precision={change.before} />
                    <span aria-hidden="true">→</span>
                  </>
                )}
                <PrecisionBadge precision={change.after} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {changes.length > MOST_SHOWN ? (
        <p className={precisionStyles.note}>{t('precision.effects.more', { count: changes.length - MOST_SHOWN })}</p>
      ) : null}
    </section>
  );
}
