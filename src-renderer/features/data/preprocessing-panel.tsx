import { Fragment, useState } from 'react';
import {
  CROP_ROUNDINGS,
  LETTERBOX_ALIGNMENTS,
  normalPreprocessing,
  ORIENTATIONS,
  type Preprocessing,
} from '../../../src-shared/domain/project/preprocessing';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';
import { Button } from '../../widgets/button';
import { ErrorBox } from '../../widgets/states';
import { Checkbox, Segmented, Select } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import { NumberField, NumberListField } from '../../widgets/number-field';
import {
  changedParts,
  channelCount,
  LAYOUTS,
  MAX_SIDE,
  ORDERS,
  type PreprocessingEditor,
  RESIZE_KINDS,
  withCrop,
  withOrder,
  withResizeKind,
} from './preprocessing-draft';
import { classNames } from '../../widgets/class-names';
import shared from './data.module.css';
import styles from './preprocessing-panel.module.css';

interface PreprocessingPanelProps {
  readonly editor: PreprocessingEditor;
  readonly notes: readonly string[];
  readonly isCalibrated: boolean;
  /** Why the image cannot be preprocessed with these values. */
  readonly error: Error | null;
}

/**
 * The inspector column: edits the preprocessing that turns an image into the network's input, and applies the edits.
 */
export function PreprocessingPanel({ editor, notes, isCalibrated, error }: PreprocessingPanelProps) {
  // Rejected texts are stored only in the input fields; a new key re-creates the fields and so discards these texts.
  const [resets, setResets] = useState(0);
  const reset = (): void => {
    editor.reset();
    setResets((count) => count + 1);
  };
  return (
    <form
      className={styles.root}
      aria-labelledby="data-panel-title"
      onSubmit={(event) => {
        event.preventDefault();
        // If a field holds a rejected text, focus it instead of applying; the field shows the error.
        const refused = event.currentTarget.querySelector<HTMLElement>('[aria-invalid="true"]');
        if (refused !== null) refused.focus();
        else if (error === null) editor.apply();
      }}
    >
      <h2 id="data-panel-title">{t('data.preprocessing')}</h2>
      <Fragment key={resets}>
        <GeometryFields value={editor.value} onChange={editor.change} />
        <ValueFields value={editor.value} onChange={editor.change} />
      </Fragment>
      {error === null ? null : <ErrorBox error={error} title={t('data.previewFailed')} />}
      <Footer editor={editor} isCalibrated={isCalibrated} canApply={error === null} onReset={reset} />
      {notes.length === 0 ? null : (
        <section className={styles.guessed} aria-labelledby="data-guessed-title">
          <h3 id="data-guessed-title">{t('data.guessed')}</h3>
          <ul>
            {notes.map((note) => (
              <li key={note}>{recordSentence(note)}</li>
            ))}
          </ul>
        </section>
      )}
    </form>
  );
}

interface ValueFieldsProps {
  readonly value: Preprocessing;
  readonly onChange: (value: Preprocessing) => void;
}

function ValueFields({ value, onChange }: ValueFieldsProps) {
  const channels = channelCount(value.order);
  const perChannel = (values: readonly number[]): boolean => values.length === 1 || values.length === channels;
  return (
    <>
      <Segmented
        label={t('data.order')}
        isLabelHidden={false}
        value={value.order}
        choices={ORDERS.map((order) => ({ value: order, label: t(`data.order.${order}`) }))}
        onChoose={(order) => onChange(withOrder(value, order))}
      />
      <p className={classNames(styles.formula, 'mono')}>{t('data.formula')}</p>
      <NumberListField
        label={t('data.scale')}
        values={[value.scale]}
        isAllowed={([scale, ...others]) => others.length === 0 && scale !== 0}
        expected={t('data.scale.expected')}
        onChange={([scale]) => onChange({ ...value, scale: scale ?? value.scale })}
      />
      <NumberListField
        label={t('data.mean')}
        values={value.mean}
        isAllowed={perChannel}
        expected={t('data.perChannel', { channels })}
        onChange={(mean) => onChange({ ...value, mean })}
      />
      <NumberListField
        label={t('data.std')}
        values={value.std}
        isAllowed={(values) => perChannel(values) && values.every((deviation) => deviation > 0)}
        expected={t('data.std.expected', { channels })}
        onChange={(std) => onChange({ ...value, std })}
      />
      <Segmented
        label={t('data.layout')}
        isLabelHidden={false}
        value={value.layout}
        choices={LAYOUTS.map((layout) => ({ value: layout, label: layout.toUpperCase() }))}
        onChoose={(layout) => onChange({ ...value, layout })}
      />
      <Segmented
        label={t('data.orientation')}
        isLabelHidden={false}
        value={value.orientation ?? 'ignore'}
        choices={ORIENTATIONS.map((orientation) => ({
          value: orientation,
          label: t(`data.orientation.${orientation}`),
        }))}
        onChoose={(orientation) => onChange({ ...value, orientation })}
      />
    </>
  );
}

interface FooterProps {
  readonly editor: PreprocessingEditor;
  readonly isCalibrated: boolean;
  readonly canApply: boolean;
  readonly onReset: () => void;
}

function Footer({ editor, isCalibrated, canApply, onReset }: FooterProps) {
  const parts = changedParts(editor.saved, editor.value);
  return (
    <div className={styles.footer}>
      <p className={styles.changes} role="status">
        {parts.length === 0 ? (
          <span className="dim">{t('data.unchanged')}</span>
        ) : (
          t('data.changed', { parts: parts.map((part) => t(`data.part.${part}`)).join(t('data.comma')) })
        )}
      </p>
      {parts.length > 0 && isCalibrated ? (
        <p className={shared.warning}>
          <Icon name="warning" /> <span>{t('data.stale')}</span>
        </p>
      ) : null}
      <div className={styles.actions}>
        <Button type="submit" tone="primary" disabled={parts.length === 0 || !canApply || editor.isApplying}>
          {t('data.apply')}
        </Button>
        <Button disabled={parts.length === 0} onClick={onReset}>
          {t('data.reset')}
        </Button>
      </div>
    </div>
  );
}

interface GeometryFieldsProps {
  readonly value: Preprocessing;
  readonly onChange: (value: Preprocessing) => void;
}

/** The fields for resize and crop, which bring an image to the input size of the network. */
function GeometryFields({ value, onChange }: GeometryFieldsProps) {
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
        <div className={styles.pair}>
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
      {resize.kind === 'long' ? (
        <div className={styles.pair}>
          <Side
            label={t('data.longSide')}
            value={resize.longSide}
            onCommit={(longSide) => onChange({ ...value, resize: { ...resize, longSide } })}
          />
          <Side
            label={t('data.multiple')}
            value={resize.multiple}
            onCommit={(multiple) => onChange({ ...value, resize: { ...resize, multiple } })}
          />
        </div>
      ) : null}
      {resize.kind === 'letterbox' ? (
        <Segmented
          label={t('data.align')}
          isLabelHidden={false}
          value={resize.align ?? 'top-left'}
          choices={LETTERBOX_ALIGNMENTS.map((align) => ({ value: align, label: t(`data.align.${align}`) }))}
          onChoose={(align) => onChange(normalPreprocessing({ ...value, resize: { ...resize, align } }))}
        />
      ) : null}
      {resize.kind === 'letterbox' || resize.kind === 'long' ? (
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
        <div className={styles.pair}>
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
      {crop === null ? null : (
        <Segmented
          label={t('data.cropRounding')}
          isLabelHidden={false}
          value={value.cropRounding ?? 'down'}
          choices={CROP_ROUNDINGS.map((cropRounding) => ({
            value: cropRounding,
            label: t(`data.cropRounding.${cropRounding}`),
          }))}
          onChoose={(cropRounding) => onChange({ ...value, cropRounding })}
        />
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
