import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { t } from '../../i18n';
import { Checkbox, Select } from '../../widgets/fields';
import { NumberField } from '../../widgets/number-field';
import { MAX_SIDE, RESIZE_KINDS, withCrop, withResizeKind } from './preprocessing-draft';

interface GeometryFieldsProps {
  readonly value: Preprocessing;
  readonly onChange: (value: Preprocessing) => void;
}

/** How an image comes to the size that the network takes. */
export function GeometryFields({ value, onChange }: GeometryFieldsProps) {
  const { resize, crop } = value;
  return (
    <>
      <Select
        label={t('data.resize')}
        value={resize.kind}
        choices={RESIZE_KINDS.map((kind) => ({ value: kind, label: t(`data.resize.${kind}`) }))}
        onChoose={(kind) => onChange(withResizeKind(value, kind))}
      />
      {resize.kind === 'stretch' || resize.kind === 'letterbox' ? (
        <div className="data-pair">
          <Side
            label={t('data.width')}
            value={resize.width}
            onCommit={(width) => onChange({ ...value, resize: { ...resize, width } })}
          />
          <Side
            label={t('data.height')}
            value={resize.height}
            onCommit={(height) => onChange({ ...value, resize: { ...resize, height } })}
          />
        </div>
      ) : null}
      {resize.kind === 'short' ? (
        <Side
          label={t('data.shortSide')}
          value={resize.shortSide}
          onCommit={(shortSide) => onChange({ ...value, resize: { ...resize, shortSide } })}
        />
      ) : null}
      {resize.kind === 'letterbox' ? (
        <NumberField
          label={t('data.pad')}
          value={resize.pad}
          min={0}
          max={255}
          step={1}
          isInteger
          onCommit={(pad) => onChange({ ...value, resize: { ...resize, pad: pad ?? resize.pad } })}
        />
      ) : null}
      <Checkbox label={t('data.crop')} checked={crop !== null} onChange={(isOn) => onChange(withCrop(value, isOn))} />
      {crop === null ? null : (
        <div className="data-pair">
          <Side
            label={t('data.cropWidth')}
            value={crop.width}
            onCommit={(width) => onChange({ ...value, crop: { ...crop, width } })}
          />
          <Side
            label={t('data.cropHeight')}
            value={crop.height}
            onCommit={(height) => onChange({ ...value, crop: { ...crop, height } })}
          />
        </div>
      )}
    </>
  );
}

function Side({
  label,
  value,
  onCommit,
}: {
  readonly label: string;
  readonly value: number;
  readonly onCommit: (value: number) => void;
}) {
  return (
    <NumberField
      label={label}
      value={value}
      unit="px"
      min={1}
      max={MAX_SIDE}
      step={1}
      isInteger
      onCommit={(side) => onCommit(side ?? value)}
    />
  );
}
