import { useMemo } from 'react';
import type { EnginesView } from '../../../src-shared/contract/views';
import { engineNameText, parseEngineName } from '../../../src-shared/domain/engines/engine-name';
import { t, useLanguage } from '../../i18n';
import { useRunHistory } from '../../state/run-history';
import { Select } from '../../widgets/fields';
import { historyTime } from '../history/history-text';
import styles from './engine-part.module.css';

/** A recorded run that timed engines. */
export interface EngineRun {
  readonly runId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly name?: string;
}

/** Runs that the list offers; any other can be reached through the History screen and the address. */
const OFFERED = 200;

/** The runs of the open project that timed engines, newest first. */
export function useEngineRuns(): readonly EngineRun[] {
  const { state } = useRunHistory();
  return useMemo(() => {
    const entries = state.kind === 'ready' ? state.value.entries : [];
    const timed = entries.filter(({ values }) => values.latencyMs !== undefined);
    return timed.map(({ runId, createdAt, marks }) => ({
      runId,
      createdAt,
      ...(marks?.name === undefined ? {} : { name: marks.name }),
    }));
  }, [state]);
}

interface EngineChoiceProps {
  /** Titles of the two lists: where the engine is from, and whose it is. */
  readonly label: string;
  readonly variantLabel: string;
  /** Name of the chosen engine, see `EngineName`; null: none. */
  readonly name: string | null;
  /** What the source of the chosen engine has; null while it is being loaded. */
  readonly view: EnginesView | null;
  readonly runs: readonly EngineRun[];
  /** The engine that must not be chosen: the one that the chosen one is compared with. */
  readonly other?: { readonly name: string | null; readonly view: EnginesView };
  /** Present if there may be no engine: the text for that. */
  readonly none?: string;
  readonly onChoose: (name: string | null) => void;
}

const NONE = 'none';
const PROJECT = 'project';

/** Chooses an engine: first of the project or of which run, then of which variant. */
export function EngineChoice(props: EngineChoiceProps) {
  const { label, variantLabel, name, view, runs, none, onChoose } = props;
  const language = useLanguage();
  const { runId, variant } = parseEngineName(name ?? '');
  const other = props.other === undefined ? null : otherEngine(props.other.name, props.other.view);
  const isOffered = (source: string): boolean => other?.source !== source || other.variants.length > 0;
  const offered = runs.filter((run, i) => (i < OFFERED || run.runId === runId) && isOffered(run.runId));
  const isUnknown = runId !== undefined && !offered.some((run) => run.runId === runId);
  const sources = [
    ...(none === undefined ? [] : [{ value: NONE, label: none }]),
    ...(isOffered(PROJECT) ? [{ value: PROJECT, label: t('engine.source.project') }] : []),
    ...offered.map((run) => ({ value: run.runId, label: run.name ?? historyTime(run.createdAt, language) })),
    ...(isUnknown ? [{ value: runId, label: runId }] : []),
  ];
  const variants = other?.source === (runId ?? PROJECT) ? other.variants : (view?.variants ?? []);
  const nameOf = (source: string): string => {
    const first = other?.source === source ? other.variants[0] : undefined;
    return engineNameText({
      ...(source === PROJECT ? {} : { runId: source }),
      ...(first === undefined ? {} : { variant: first }),
    });
  };
  const shown = view?.engine?.variant ?? variant ?? null;
  return (
    <div className={styles.choice}>
      <Select
        label={label}
        value={none !== undefined && name === null ? NONE : (runId ?? PROJECT)}
        choices={sources}
        onChoose={(source) => onChoose(source === NONE ? null : nameOf(source))}
      />
      {(none !== undefined && name === null) || variants.length === 0 ? null : (
        <Select
          label={variantLabel}
          value={variants.find((each) => each === shown) ?? null}
          choices={variants.map((value) => ({ value, label: value }))}
          onChoose={(chosen) =>
            onChoose(engineNameText({ ...(runId === undefined ? {} : { runId }), variant: chosen }))
          }
        />
      )}
    </div>
  );
}

/** Where the other engine is from, and the variants of the same source that can be compared with it. */
function otherEngine(
  name: string | null,
  { engine, variants }: EnginesView,
): { readonly source: string; readonly variants: readonly string[] } {
  const { runId = PROJECT, variant } = parseEngineName(name ?? '');
  const shown = engine?.variant ?? variant;
  return { source: runId, variants: variants.filter((each) => each !== shown) };
}
