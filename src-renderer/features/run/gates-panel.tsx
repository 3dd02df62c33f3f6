import type { Gates } from '../../../src-shared/domain/project/gates';
import type { TaskKind } from '../../../src-shared/domain/tasks/task';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { NumberField } from '../../widgets/number-field';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';

interface GateField {
  readonly name: keyof Gates;
  /** The unit that is shown after the field. */
  readonly unit: 'pp' | '%' | 'ms' | 's' | 'MB' | '/s' | '';
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

const DROP = { least: 0, most: 100, step: 0.1 } as const;
const LATENCY: GateField = { name: 'maxLatencyMs', unit: 'ms', least: 0, most: 1e6, step: 0.01 };
const CLASSIFICATION_FIELDS: readonly GateField[] = [
  { name: 'maxTop1Drop', unit: 'pp', ...DROP },
  { name: 'maxWorstGroupDrop', unit: 'pp', ...DROP },
  { name: 'maxClassDrop', unit: 'pp', ...DROP },
  { name: 'minTop1', unit: '%', ...DROP },
  LATENCY,
];
/** Gates on the measure of another task. */
const MEASURE_FIELDS: readonly GateField[] = [
  { name: 'maxDrop', unit: '', ...DROP },
  { name: 'maxWorstGroupDrop', unit: '', ...DROP },
  { name: 'maxClassDrop', unit: '', ...DROP },
  { name: 'minMeasure', unit: '', ...DROP },
  LATENCY,
];

/** Gates that every task can have. */
const MORE_FIELDS: readonly GateField[] = [
  { name: 'maxP99LatencyMs', unit: 'ms', least: 0, most: 1e6, step: 0.01 },
  { name: 'minThroughput', unit: '/s', least: 0, most: 1e9, step: 1 },
  { name: 'maxMemoryMb', unit: 'MB', least: 0, most: 1e6, step: 1 },
  { name: 'maxSizeMb', unit: 'MB', least: 0, most: 1e6, step: 0.1 },
  { name: 'maxBuildSeconds', unit: 's', least: 0, most: 1e6, step: 1 },
  { name: 'minAgreement', unit: '%', ...DROP },
  { name: 'minInt8Time', unit: '%', least: 0, most: 100, step: 1 },
  { name: 'maxDrift', unit: '', least: 0, most: 100, step: 0.05 },
];

/** The gates that fit the task, and those of other names that were set elsewhere. */
function fieldsOf(gates: Gates, task: TaskKind | undefined): readonly GateField[] {
  const [fields, others] =
    (task ?? 'classification') === 'classification'
      ? [CLASSIFICATION_FIELDS, MEASURE_FIELDS]
      : [MEASURE_FIELDS, CLASSIFICATION_FIELDS];
  const names = new Set(fields.map(({ name }) => name));
  return [...fields, ...others.filter(({ name }) => !names.has(name) && (gates[name] ?? null) !== null)];
}

interface GatesPanelProps {
  readonly gates: Gates;
  /** Undefined: not decided. */
  readonly task: TaskKind | undefined;
}

/** The limits that a run must meet; each change is one undoable edit of the project. */
export function GatesPanel({ gates, task }: GatesPanelProps) {
  return (
    <section className={shared.panel} aria-labelledby="run-gates">
      <h2 id="run-gates">{t('run.gates')}</h2>
      {fieldsOf(gates, task).map((field) => (
        <GateRow key={field.name} field={field} limit={gates[field.name] ?? null} />
      ))}
      <details open={MORE_FIELDS.some(({ name }) => (gates[name] ?? null) !== null)}>
        <summary>{t('run.gate.more')}</summary>
        {MORE_FIELDS.map((field) => (
          <GateRow key={field.name} field={field} limit={gates[field.name] ?? null} />
        ))}
      </details>
      <p className={classNames(shared.note, 'dim')}>{t('run.gates.hint')}</p>
    </section>
  );
}

interface GateRowProps {
  readonly field: GateField;
  readonly limit: number | null;
}

function GateRow({ field, limit }: GateRowProps) {
  const edit = useSession((state) => state.edit);
  const title = t(`run.gate.${field.name}`);
  return (
    <NumberField
      label={title}
      value={limit}
      min={field.least}
      max={field.most}
      step={field.step}
      {...(field.unit === '' ? {} : { unit: field.unit })}
      mayBeEmpty
      placeholder={t('run.gate.none')}
      onCommit={(entered) =>
        void edit(t('run.gate.edit', { gate: title }), [{ kind: 'gates', gates: { [field.name]: entered } }])
      }
    />
  );
}
