import { useState } from 'react';
import { type InputSource, isSizeRule, SIZE_RULES, type InputSources } from '../../../src-shared/domain/project/inputs';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { Select, TextField } from '../../widgets/fields';
import styles from './preprocessing-panel.module.css';

const KINDS = ['images', 'value', 'npz', ...SIZE_RULES] as const;

/** The inputs of a model with several, and where the values of each come from. A change is applied at once. */
export function InputsPanel({ sources }: { readonly sources: InputSources }) {
  return (
    <section className={styles.root} aria-labelledby="data-inputs-title">
      <h2 id="data-inputs-title">{t('data.inputs')}</h2>
      {Object.entries(sources).map(([name, source]) => (
        <SourceFields key={`${name} ${argumentOf(source)}`} name={name} source={source} />
      ))}
    </section>
  );
}

function SourceFields({ name, source }: { readonly name: string; readonly source: InputSource }) {
  const [argument, setArgument] = useState(argumentOf(source));
  const choose = (changed: InputSource | null): void => {
    if (changed === null) return setArgument(argumentOf(source));
    void useSession.getState().edit(t('data.edit.inputs'), [{ kind: 'inputs', inputs: { [name]: changed } }]);
  };
  return (
    <div className={styles.pair}>
      <Select
        label={name}
        value={source.kind}
        choices={KINDS.map((kind) => ({ value: kind, label: t(`data.source.${kind}`) }))}
        onChoose={(kind) => choose(sourceOf(kind, kind === 'npz' ? name : '0'))}
      />
      {source.kind === 'value' || source.kind === 'npz' ? (
        <TextField
          label={t(source.kind === 'value' ? 'data.sourceValue' : 'data.sourceField')}
          value={argument}
          onChange={(event) => setArgument(event.target.value)}
          onBlur={() => {
            if (argument !== argumentOf(source)) choose(sourceOf(source.kind, argument));
          }}
        />
      ) : null}
    </div>
  );
}

function argumentOf(source: InputSource): string {
  if (source.kind === 'value') return String(source.value);
  return source.kind === 'npz' ? source.field : '';
}

/** null for an argument that the kind of source does not take. */
function sourceOf(kind: InputSource['kind'], argument: string): InputSource | null {
  if (kind === 'images' || isSizeRule(kind)) return { kind };
  if (kind === 'npz') return argument === '' ? null : { kind, field: argument };
  const value = argument.trim() === '' ? Number.NaN : Number(argument);
  return Number.isFinite(value) ? { kind: 'value', value } : null;
}
