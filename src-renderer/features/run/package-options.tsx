import type { PackageKind } from '../../../src-shared/domain/packages/manifest';
import { PACKAGE_BACKENDS } from '../../../src-shared/domain/packages/manifest';
import { t } from '../../i18n';
import { Select } from '../../widgets/fields';
import { NumberField } from '../../widgets/number-field';
import { classNames } from '../../widgets/class-names';
import { hasServing, mayHaveEngine, type PackageOptions } from './export-request';
import shared from './run.module.css';

interface PackageFieldsProps {
  readonly kind: PackageKind;
  readonly options: PackageOptions;
  readonly onChange: (options: PackageOptions) => void;
}

/** What can be chosen about a package of a kind. */
export function PackageFields({ kind, options, onChange }: PackageFieldsProps) {
  const change = (part: Partial<PackageOptions>): void => onChange({ ...options, ...part });
  const whole = { isInteger: true, mayBeEmpty: true, placeholder: t('run.export.advised') } as const;
  return (
    <>
      {mayHaveEngine(kind) ? (
        <Select
          label={t('run.export.backend')}
          value={options.backend}
          choices={PACKAGE_BACKENDS.map((value) => ({ value, label: t(`run.export.backend.${value}`) }))}
          onChoose={(backend) => change({ backend })}
        />
      ) : null}
      <NumberField
        label={t('run.export.images')}
        value={options.images}
        min={1}
        isInteger
        onCommit={(images) => change({ images: images ?? options.images })}
      />
      {hasServing(kind) ? (
        <>
          <NumberField
            label={t('run.export.p99')}
            value={options.p99LimitMs}
            above={0}
            mayBeEmpty
            unit="ms"
            onCommit={(p99LimitMs) => change({ p99LimitMs })}
          />
          <NumberField
            label={t('run.export.instances')}
            value={options.instances}
            min={1}
            {...whole}
            onCommit={(instances) => change({ instances })}
          />
          <NumberField
            label={t('run.export.maxBatch')}
            value={options.maxBatch}
            min={1}
            {...whole}
            onCommit={(maxBatch) => change({ maxBatch })}
          />
          <NumberField
            label={t('run.export.queueDelay')}
            value={options.queueDelayUs}
            min={0}
            unit="µs"
            {...whole}
            onCommit={(queueDelayUs) => change({ queueDelayUs })}
          />
          <p className={classNames(shared.note, 'dim')}>{t('run.export.p99.hint')}</p>
        </>
      ) : null}
    </>
  );
}
