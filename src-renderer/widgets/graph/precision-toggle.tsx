import type { MouseEvent } from 'react';
import { PRECISIONS, type Precision } from '../../../src-shared/domain/project/precision';
import { ownValue } from '../../../src-shared/base/records';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { classNames } from '../class-names';
import { PRECISION_LETTERS } from '../marks';
import { PRECISION_NAMES } from './ask-precision';
import './precision-toggle.css';

interface PrecisionToggleProps {
  readonly layer: string;
  readonly onAsk: (layer: string, precision: Precision) => void;
}

/** 8, 16 or 32 for one layer of the table. The keys of the table do the same, so it is no stop of Tab. */
export function PrecisionToggle({ layer, onAsk }: PrecisionToggleProps) {
  const planned = useSession((state) => ownValue(state.project?.file.plan.layers, layer) ?? 'int8');
  const ask = (event: MouseEvent, precision: Precision): void => {
    event.stopPropagation();
    onAsk(layer, precision);
  };
  return (
    <span className="precision-toggle" role="group" aria-label={t('precision.ask', { layer })}>
      {PRECISIONS.map((precision) => (
        <button
          key={precision}
          type="button"
          tabIndex={-1}
          className={classNames('precision-toggle-choice', precision === planned && `badge-${precision}`)}
          aria-pressed={precision === planned}
          // What is seen is part of the name, for those who speak to the page.
          aria-label={`${PRECISION_LETTERS[precision]}, ${PRECISION_NAMES[precision]}`}
          title={PRECISION_NAMES[precision]}
          onClick={(event) => ask(event, precision)}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          {PRECISION_LETTERS[precision]}
        </button>
      ))}
    </span>
  );
}
