import { choiceOf } from '../../src-shared/domain/project/precision';
import { t } from '../i18n';
import { useSession } from '../state/session';
import { ChoiceBadge } from '../widgets/badge';
import { Button } from '../widgets/button';
import { Dialog } from '../widgets/dialog';
import { ModelName } from '../widgets/model-name';
import styles from './precision-conflict.module.css';

/** The largest number of layers that are listed. */
const MOST_SHOWN = 12;

/** Asks what to do with a precision edit whose layers were changed by another window or process meanwhile. */
export function PrecisionConflict() {
  const conflict = useSession((state) => state.conflict);
  const plan = useSession((state) => state.project?.file.plan);
  const resolve = useSession((state) => state.resolveConflict);
  if (conflict === null || plan === undefined) return null;
  const { name, changed } = conflict;
  const count = changed.size;
  return (
    <Dialog
      title={t('precision.conflict.title')}
      onClose={() => void resolve('none')}
      actions={
        <>
          <Button onClick={() => void resolve('none')}>{t('precision.conflict.cancel')}</Button>
          {conflict.edits.length > count ? (
            <Button onClick={() => void resolve('theirs')}>{t('precision.conflict.theirs')}</Button>
          ) : null}
          <Button tone="primary" data-autofocus="" onClick={() => void resolve('mine')}>
            {t('precision.conflict.mine')}
          </Button>
        </>
      }
    >
      <p>{t('precision.conflict.text', { name, count })}</p>
      <table className={styles.layers}>
        <thead>
          <tr>
            <th scope="col">{t('precision.conflict.layer')}</th>
            <th scope="col">{t('precision.conflict.now')}</th>
            <th scope="col">{t('precision.conflict.wanted')}</th>
          </tr>
        </thead>
        <tbody>
          {[...changed].slice(0, MOST_SHOWN).map(([layer, wanted]) => (
            <tr key={layer}>
              <td>
                <ModelName name={layer} />
              </td>
              <td>
                <ChoiceBadge choice={choiceOf(plan, layer)} />
              </td>
              <td>
                <ChoiceBadge choice={wanted} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {count > MOST_SHOWN ? <p className="dim">{t('precision.conflict.more', { count: count - MOST_SHOWN })}</p> : null}
    </Dialog>
  );
}
