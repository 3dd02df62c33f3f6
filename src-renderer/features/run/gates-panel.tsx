import type { Gates } from '../../../src-shared/domain/project/project';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { NumberField } from '../../widgets/number-field';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';

interface GateField {
  readonly name: keyof Gates;
  /** The unit that is shown after the field. */
  readonly unit: 'pp' | '%' | 'ms';
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

const GATE_FIELDS: readonly GateField[] = [
  { name: 'maxTop1Drop', unit: 'pp', least: 0, most: 100, step: 0.1 },
  { name: 'maxWorstGroupDrop', unit: 'pp', least: 0, most: 100, step: 0.1 },
  { name: 'minTop1', unit: '%', least: 0, most: 100, step: 0.1 },
  { name: 'maxLatencyMs', unit: 'ms', least: 0, most: 1e6, step: 0.01 },
];

interface GatesPanelProps {
  readonly gates: Gates;
}

/** The limits that a run must meet; each change is one undoable edit of the project. */
export function GatesPanel({ gates }: GatesPanelProps) {
  return (
    <section className={shared.panel} aria-labelledby="run-gates">
      <h2 id="run-gates">{t('run.gates')}</h2>
      {GATE_FIELDS.map((field) => (
        <GateRow key={field.name} field={field} limit={gates[field.name]} />
      ))}
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
      unit={field.unit}
      mayBeEmpty
      placeholder={t('run.gate.none')}
      onCommit={(entered) =>
        void edit(t('run.gate.edit', { gate: title }), [{ kind: 'gates', gates: { [field.name]: entered } }])
      }
    />
  );
}
