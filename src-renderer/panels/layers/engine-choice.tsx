import { useEffect, useState } from 'react';
import type { EnginesView } from '../../../src-shared/contract/views';
import { engineNameText, parseEngineName } from '../../../src-shared/domain/engines/engine-name';
import { t, useLanguage } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
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
  const api = useSession((state) => state.api);
  const projectPath = useSession((state) => state.project?.path ?? null);
  const finished = useJobs(
    (state) => state.jobs.filter(({ kind, state: own }) => kind === 'run' && own === 'done').length,
  );
  const [loaded, setLoaded] = useState<{ readonly path: string; readonly runs: readonly EngineRun[] } | null>(null);
  useEffect(() => {
    if (projectPath === null) return undefined;
    let isCurrent = true;
    api.getHistory({ projectPath }).then(
      ({ entries }) => {
        const timed = entries.filter(({ values }) => values.latencyMs !== undefined);
        const runs = timed.map(({ runId, createdAt, marks }) => ({
          runId,
          createdAt,
          ...(marks?.name === undefined ? {} : { name: marks.name }),
        }));
        if (isCurrent) setLoaded({ path: projectPath, runs });
      },
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, finished]);
  return loaded?.path === projectPath ? loaded.runs : [];
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
  /** Present if there may be no engine: the text for that. */
  readonly none?: string;
  readonly onChoose: (name: string | null) => void;
}

const NONE = 'none';
const PROJECT = 'project';

/** Chooses an engine: first of the project or of which run, then of which variant. */
export function EngineChoice({ label, variantLabel, name, view, runs, none, onChoose }: EngineChoiceProps) {
  const language = useLanguage();
  const { runId, variant } = parseEngineName(name ?? '');
  const offered = runs.filter((run, i) => i < OFFERED || run.runId === runId);
  const isUnknown = runId !== undefined && !offered.some((run) => run.runId === runId);
  const sources = [
    ...(none === undefined ? [] : [{ value: NONE, label: none }]),
    { value: PROJECT, label: t('engine.source.project') },
    ...offered.map((run) => ({ value: run.runId, label: run.name ?? historyTime(run.createdAt, language) })),
    ...(isUnknown ? [{ value: runId, label: runId }] : []),
  ];
  const variants = view?.variants ?? [];
  const shown = view?.engine?.variant ?? variant ?? null;
  return (
    <div className={styles.choice}>
      <Select
        label={label}
        value={none !== undefined && name === null ? NONE : (runId ?? PROJECT)}
        choices={sources}
        onChoose={(source) =>
          onChoose(source === NONE ? null : engineNameText(source === PROJECT ? {} : { runId: source }))
        }
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
