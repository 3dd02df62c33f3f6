import { useState } from 'react';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';
import { Button } from '../../widgets/button';
import { Icon } from '../../widgets/icons';
import { statisticsNotes } from './notes';

/** The note on all variants that were not steady says it once. */
const SAID_BY_NOTES = 'latency-unsteady';
/** More than these are folded. */
const SHOWN = 3;

/** What the reader must know before reading the table: what the numbers cannot carry, and what the run warned of. */
export function Cautions({ record }: { readonly record: RunRecord }) {
  const [isUnfolded, setUnfolded] = useState(false);
  const notes = statisticsNotes(record)
    .filter(({ tone }) => tone === 'caution')
    .map(({ key, params }) => t(key, params));
  const all = [
    ...notes,
    ...record.warnings.filter(({ code }) => code !== SAID_BY_NOTES).map(({ message }) => recordSentence(message)),
  ];
  if (all.length === 0) return null;
  return (
    <ul className="results-cautions" aria-label={t('results.warnings')}>
      {(isUnfolded ? all : all.slice(0, SHOWN)).map((text, index) => (
        <li key={index}>
          <Icon name="warning" size={13} />
          <span>{text}</span>
        </li>
      ))}
      {all.length <= SHOWN ? null : (
        <li>
          <Button tone="quiet" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
            {isUnfolded ? t('results.warnings.fewer') : t('results.warnings.more', { n: all.length - SHOWN })}
          </Button>
        </li>
      )}
    </ul>
  );
}
