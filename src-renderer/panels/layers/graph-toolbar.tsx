import { useReactFlow } from '@xyflow/react';
import { hasMessage, t } from '../../i18n';
import { Button, IconButton } from '../../widgets/button';
import { Checkbox, Segmented, Select } from '../../widgets/fields';
import {
  COLOUR_MODES,
  type ColourMode,
  colourProperty,
  isColourKnown,
  type LegendEntry,
  rampLegend,
  useGraphView,
} from './graph-view';
import type { LayerRow } from './layer-rows';
import styles from './graph-toolbar.module.css';
import graphStyles from './graph.module.css';

/** The hint that is shown if the data for a colouring is missing. */
const LACKING: Readonly<Record<ColourMode, string>> = {
  precision: 'model.graph.needsCalibration',
  sqnr: 'model.graph.needsCalibration',
  clipped: 'model.graph.needsCalibration',
  sensitivity: 'model.graph.needsSensitivity',
  time: 'model.graph.needsEngine',
};

/** The legend of the colours and the display options of the graph. */
export function GraphToolbar({ rows }: { readonly rows: readonly LayerRow[] }) {
  const { colourMode, colourBy, isReasonShown, showReasons } = useGraphView();
  const choices = COLOUR_MODES.map((mode) => {
    const isKnown = isColourKnown(rows, mode);
    return {
      value: mode,
      label: t(`model.graph.colour.${mode}`),
      disabled: !isKnown,
      title: t(isKnown ? `model.graph.colour.${mode}.title` : LACKING[mode]),
    };
  });
  return (
    <div className={styles.root}>
      <span className={styles.colourOpen}>
        <Segmented label={t('model.graph.colourBy')} value={colourMode} choices={choices} onChoose={colourBy} />
      </span>
      <span className={styles.colourFolded}>
        <Select
          label={t('model.graph.colourBy')}
          isLabelHidden
          value={colourMode}
          choices={choices}
          onChoose={colourBy}
        />
      </span>
      <Legend />
      <span className={styles.end}>
        <Checkbox label={t('model.graph.reasons')} checked={isReasonShown} onChange={showReasons} />
      </span>
    </div>
  );
}

function Legend() {
  const mode = useGraphView((state) => state.colourMode);
  const entries: readonly LegendEntry[] =
    mode === 'precision'
      ? (['int8', 'fp16', 'fp32'] as const).map((colour) => ({ colour, label: colour.toUpperCase() }))
      : rampLegend(mode);
  return (
    <ul className={styles.legend} aria-label={t('model.graph.legend')}>
      {entries.map(({ colour, label }) => (
        <li key={colour}>
          <span className={styles.swatch} style={{ background: `var(${colourProperty(colour)})` }} />
          {label}
        </li>
      ))}
      {mode === 'precision' ? (
        <li>
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path className={graphStyles.edgeMark} d="M5 0l5 5l-5 5l-5-5z" />
          </svg>
          Q/DQ
        </li>
      ) : null}
      {hasMessage(`model.graph.legend.${mode}`) ? <li>{t(`model.graph.legend.${mode}`)}</li> : null}
    </ul>
  );
}

interface ZoomButtonsProps {
  readonly hasSelection: boolean;
  readonly onShowSelection: () => void;
  readonly onShowAll: () => void;
}

export function ZoomButtons({ hasSelection, onShowSelection, onShowAll }: ZoomButtonsProps) {
  const flow = useReactFlow();
  return (
    <div className={styles.zoom} role="group" aria-label={t('model.graph.zoom')}>
      <IconButton icon="plus" label={t('model.graph.zoomIn')} onClick={() => void flow.zoomIn()} />
      <IconButton icon="minus" label={t('model.graph.zoomOut')} onClick={() => void flow.zoomOut()} />
      <Button tone="quiet" title={t('model.graph.showAll.title')} onClick={onShowAll}>
        {t('model.graph.showAll')}
      </Button>
      <Button
        tone="quiet"
        title={t('model.graph.showSelection.title')}
        disabled={!hasSelection}
        onClick={onShowSelection}
      >
        {t('model.graph.showSelection')}
      </Button>
    </div>
  );
}
