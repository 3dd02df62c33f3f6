import { useCallback, useMemo, useState, type KeyboardEvent } from 'react';
import { PRECISION_CHOICES, type PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { t, useLanguage } from '../../i18n';
import { useSelection } from '../../state/selection';
import { Button } from '../../widgets/button';
import type { Column, RowPick } from '../../widgets/data-table';
import { SearchField } from '../../widgets/fields';
import { askPrecision, choiceName, usePrecisionKeys } from '../../panels/layers/ask-precision';
import { layerColumns } from '../../panels/layers/layer-columns';
import { LayerGraph } from '../../panels/layers/layer-graph';
import { LayerInspector } from '../../panels/layers/layer-inspector';
import { type LayerRow, useReasonText } from '../../panels/layers/layer-rows';
import { LayerTable, ShapeToggle } from '../../panels/layers/layer-table';
import { NoModel } from '../../panels/layers/model-overview';
import { autoReason, PrecisionSwitch, PrecisionToggle } from '../../panels/layers/precision-toggle';
import { SplitView } from '../../panels/layers/split-view';
import { type LayerListing, type Layers, useLayerListing, useLayers } from '../../panels/layers/use-layers';
import { ThreePanes, useMedia } from '../../widgets/three-panes';
import { applyLayerFilter, type LayerFilter } from './plan-logic';
import { PlanPanel } from './plan-panel';
import { classNames } from '../../widgets/class-names';
import precisionStyles from './precision.module.css';
import styles from './precision-screen.module.css';
import { useChosenLayers, useDecisionChanges, type ChosenLayers } from './use-precision-plan';

/** Below this window width, the table has no room for the clipped share; the open inspector shows it as well. */
const NARROW = '(max-width: 1519px)';

/**
 * The precision plan: the requested and the resulting precision of every layer, the reason, and the effects of edits.
 */
export function PrecisionScreen() {
  const layers = useLayers();
  return layers === null ? <NoModel /> : <Plan layers={layers} />;
}

function Plan({ layers }: { readonly layers: Layers }) {
  const { model, rows } = layers;
  const chosenLayers = useChosenLayers(layers);
  const { selection } = chosenLayers;
  const changes = useDecisionChanges(model);
  const changed = useMemo(() => new Set(changes.map((change) => change.layer)), [changes]);
  const [filter, setFilter] = useState<LayerFilter>('all');
  const [search, setSearch] = useState('');
  const filtered = useMemo(() => applyLayerFilter(rows, filter, changed), [rows, filter, changed]);
  const listing = useLayerListing(layers, filtered, search);
  usePrecisionKeys(rows, selection.chosen);
  const active = layers.active;
  // If no layer is inspected, the table shows the reasons in the space of the inspector.
  const hasInspector = active !== null || layers.engine !== null;
  return (
    <ThreePanes
      left={
        <PlanPanel
          rows={rows}
          changes={changes}
          onFilter={setFilter}
          onChooseMany={chosenLayers.chooseMany}
          onChoose={layers.choose}
        />
      }
      main={
        <SplitView
          id="precision"
          label={t('precision.resize')}
          isStacked
          initialPercent={58}
          first={
            <PlanTable
              layers={layers}
              chosenLayers={chosenLayers}
              changed={changed}
              filter={filter}
              onFilter={setFilter}
              listing={listing}
              search={search}
              onSearch={setSearch}
            />
          }
          second={
            <LayerGraph
              model={model}
              rows={rows}
              onChooseLayer={layers.choose}
              changed={changed}
              matches={listing.matches}
            />
          }
        />
      }
      right={
        hasInspector ? (
          <LayerInspector layers={layers}>
            {active === null ? null : (
              <section className={precisionStyles.part}>
                <PrecisionSwitch row={active} onAsk={(choice) => askPrecision(rows, new Set([active.layer]), choice)} />
              </section>
            )}
          </LayerInspector>
        ) : undefined
      }
    />
  );
}

interface PlanTableProps {
  readonly layers: Layers;
  readonly chosenLayers: ChosenLayers;
  readonly changed: ReadonlySet<string>;
  readonly filter: LayerFilter;
  readonly onFilter: (filter: LayerFilter) => void;
  readonly listing: LayerListing;
  readonly search: string;
  readonly onSearch: (search: string) => void;
}

function PlanTable({ layers, chosenLayers, changed, filter, onFilter, listing, search, onSearch }: PlanTableProps) {
  const { rows } = layers;
  const { selection, choose, chooseMany } = chosenLayers;
  const select = useSelection((state) => state.select);
  const { shown } = listing;
  const columns = usePlanColumns(layers, selection.chosen, useMedia(NARROW) && layers.active !== null);
  const onPick = (layer: string, { isRange, isToggle, order }: RowPick): void =>
    choose(layer, isRange ? 'range' : isToggle ? 'toggle' : 'only', order);
  const onKey = (event: KeyboardEvent<HTMLDivElement>): boolean => {
    if (event.key === 'Escape' && selection.active !== null) {
      select({ tensor: null, layer: null });
      return true;
    }
    if (event.key.toLowerCase() !== 'a' || !(event.ctrlKey || event.metaKey)) return false;
    chooseMany(shown.map((row) => row.layer));
    return true;
  };
  return (
    <section className={styles.list} aria-label={t('precision.plan')}>
      <div className={styles.toolbar}>
        <SearchField label={t('model.search')} value={search} onChange={onSearch} />
        <ShapeToggle count={listing.shapeCount} />
        {filter === 'all' ? null : (
          <Button icon="close" title={t('precision.showAll')} onClick={() => onFilter('all')}>
            {t(`precision.filter.${filter}`)}
          </Button>
        )}
        <span className={classNames('dim', styles.shown)}>
          {t('model.shown', { shown: shown.length, total: rows.length })}
        </span>
      </div>
      <LayerTable
        rows={shown}
        columns={columns}
        activeLayer={selection.active}
        selected={selection.chosen}
        changed={changed}
        onPick={onPick}
        onKey={onKey}
      />
      <div className={styles.footer}>
        <span>
          {selection.chosen.size === 0
            ? t('precision.chosen.none')
            : t('precision.chosen', { count: selection.chosen.size })}
        </span>
        {PRECISION_CHOICES.map((choice) => (
          <Button
            key={choice}
            disabled={selection.chosen.size === 0}
            onClick={() => askPrecision(rows, selection.chosen, choice)}
          >
            {t('precision.set', { precision: choiceName(choice) })}
          </Button>
        ))}
        <span className="dim ellipsis" title={t('precision.chosen.hint')}>
          {t('precision.chosen.hint')}
        </span>
      </div>
    </section>
  );
}

/**
 * The columns of the table. A toggle in a chosen row changes all chosen rows; in another row it changes only that row.
 */
function usePlanColumns(
  { rows, engine }: Layers,
  chosen: ReadonlySet<string>,
  isNarrow: boolean,
): readonly Column<LayerRow>[] {
  const language = useLanguage();
  const reasonText = useReasonText();
  const hasEngine = engine !== null;
  const onAsk = useCallback(
    (layer: string, choice: PrecisionChoice) =>
      askPrecision(rows, chosen.has(layer) ? chosen : new Set([layer]), choice),
    [rows, chosen],
  );
  return useMemo(() => {
    const toggle = (column: Column<LayerRow>): Column<LayerRow> => ({
      ...column,
      width: 140,
      render: (row) => <PrecisionToggle layer={row.layer} autoReason={autoReason(row, language)} onAsk={onAsk} />,
    });
    const reason = (column: Column<LayerRow>): Column<LayerRow> => ({
      ...column,
      width: '3fr',
      render: (row) => <Reason code={row.code} text={reasonText(row)} />,
      hover: (row) => `${row.code}\n${reasonText(row)}`,
    });
    return layerColumns(
      [
        'number',
        'layer',
        'op',
        'planned',
        'runsIn',
        'inEngine',
        'timeMs',
        'code',
        'sqnrDb',
        ...(isNarrow ? [] : (['clippedFraction'] as const)),
      ],
      hasEngine,
    ).map((column) =>
      column.id === 'planned'
        ? toggle(column)
        : column.id === 'code'
          ? reason(column)
          : column.id === 'layer'
            ? { ...column, width: '2fr' as const }
            : column,
    );
    // The column titles and the reasons depend on the language.
  }, [language, reasonText, onAsk, hasEngine, isNarrow]);
}

function Reason({ code, text }: { readonly code: string; readonly text: string }) {
  return (
    <>
      <code className="dim">{code}</code> {text}
    </>
  );
}
