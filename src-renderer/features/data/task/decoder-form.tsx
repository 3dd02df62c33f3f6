import { BOX_FORMS, type Decoder, DECODERS } from '../../../../src-shared/domain/tasks/decoder';
import { DETECTION_CONVENTIONS, type Task } from '../../../../src-shared/domain/tasks/task';
import { t } from '../../../i18n';
import { Checkbox, Segmented, Select } from '../../../widgets/fields';
import { NumberField, NumberListField } from '../../../widgets/number-field';
import { OUTPUT_ROLES, withDecoderKind, without, withOptional } from './task-draft';

type DetectionTask = Extract<Task, { readonly kind: 'detection' }>;
type SegmentationTask = Extract<Task, { readonly kind: 'segmentation' }>;

interface DecoderFormProps {
  readonly task: DetectionTask;
  /** Names of the model's outputs. */
  readonly outputs: readonly string[];
  readonly onChange: (task: DetectionTask) => void;
}

/** How the outputs of a detector become boxes. Every change is drawn at once; nothing is saved before it is used. */
export function DecoderForm({ task, outputs, onChange }: DecoderFormProps) {
  const { decoder } = task;
  const change = (next: Decoder): void => onChange({ ...task, decoder: next });
  return (
    <>
      <Select
        label={t('task.layout')}
        value={decoder.kind}
        choices={DECODERS.map((kind) => ({ value: kind, label: t(`task.layout.${kind}`) }))}
        onChoose={(kind) => change(withDecoderKind(decoder, kind, outputs))}
      />
      {OUTPUT_ROLES[decoder.kind].map((role, index) => (
        <Select
          key={role}
          label={t(`task.output.${role}`)}
          value={decoder.outputs[index] ?? null}
          choices={outputs.map((name) => ({ value: name, label: name }))}
          onChoose={(name) =>
            change({
              ...decoder,
              outputs: OUTPUT_ROLES[decoder.kind].map((_, i) => (i === index ? name : (decoder.outputs[i] ?? name))),
            })
          }
        />
      ))}
      <Select
        label={t('task.boxForm')}
        value={decoder.boxForm}
        choices={BOX_FORMS.map((form) => ({ value: form, label: t(`task.boxForm.${form}`) }))}
        onChoose={(boxForm) => change({ ...decoder, boxForm })}
      />
      <Segmented
        label={t('task.boxUnit')}
        isLabelHidden={false}
        value={decoder.boxUnit}
        choices={(['pixels', 'fraction'] as const).map((unit) => ({
          value: unit,
          label: t(`task.boxUnit.${unit}`),
        }))}
        onChoose={(boxUnit) => change({ ...decoder, boxUnit })}
      />
      <Segmented
        label={t('task.activation')}
        isLabelHidden={false}
        value={decoder.activation}
        choices={(['none', 'sigmoid', 'softmax'] as const).map((name) => ({
          value: name,
          label: t(`task.activation.${name}`),
        }))}
        onChoose={(activation) => change({ ...decoder, activation })}
      />
      {decoder.kind === 'yolox' ? (
        <NumberListField
          label={t('task.strides')}
          values={decoder.strides ?? []}
          isAllowed={(values) => values.every((value) => Number.isInteger(value) && value > 0)}
          expected={t('task.strides.expected')}
          onChange={(strides) =>
            change(withOptional(decoder, 'strides', strides.length === 0 ? undefined : [...strides]))
          }
        />
      ) : null}
      {decoder.kind === 'detr' || decoder.kind === 'boxes-scores' ? (
        <Segmented
          label={t('task.background')}
          isLabelHidden={false}
          value={decoder.background ?? 'none'}
          choices={(['none', 'first', 'last'] as const).map((place) => ({
            value: place,
            label: t(`task.background.${place}`),
          }))}
          onChoose={(place) => change(withOptional(decoder, 'background', place === 'none' ? undefined : place))}
        />
      ) : null}
      <NumberField
        label={t('task.classOffset')}
        value={decoder.classOffset ?? 0}
        step={1}
        isInteger
        onCommit={(offset) =>
          change(withOptional(decoder, 'classOffset', offset === null || offset === 0 ? undefined : offset))
        }
      />
      <Thresholds decoder={decoder} onChange={change} />
      <Segmented
        label={t('task.convention')}
        isLabelHidden={false}
        value={task.convention ?? 'coco'}
        choices={DETECTION_CONVENTIONS.map((name) => ({ value: name, label: t(`task.convention.${name}`) }))}
        onChoose={(convention) => onChange({ ...task, convention })}
      />
    </>
  );
}

const USUAL_NMS_IOU = 0.65;

function Thresholds({
  decoder,
  onChange,
}: {
  readonly decoder: Decoder;
  readonly onChange: (decoder: Decoder) => void;
}) {
  return (
    <>
      <NumberField
        label={t('task.minScore')}
        value={decoder.minScore}
        min={0}
        max={1}
        step={0.01}
        onCommit={(minScore) => onChange({ ...decoder, minScore: minScore ?? decoder.minScore })}
      />
      <Checkbox
        label={t('task.ownNms')}
        checked={decoder.nmsIou === null}
        onChange={(isOwn) => onChange({ ...decoder, nmsIou: isOwn ? null : USUAL_NMS_IOU })}
      />
      {decoder.nmsIou === null ? null : (
        <>
          <NumberField
            label={t('task.nmsIou')}
            value={decoder.nmsIou}
            min={0}
            max={1}
            step={0.05}
            onCommit={(nmsIou) => onChange({ ...decoder, nmsIou: nmsIou ?? decoder.nmsIou })}
          />
          <Checkbox
            label={t('task.classAgnostic')}
            checked={decoder.classAgnostic}
            onChange={(classAgnostic) => onChange({ ...decoder, classAgnostic })}
          />
        </>
      )}
      <NumberField
        label={t('task.maxDetections')}
        value={decoder.maxDetections}
        min={1}
        step={10}
        isInteger
        onCommit={(max) => onChange({ ...decoder, maxDetections: max ?? decoder.maxDetections })}
      />
    </>
  );
}

interface SegmentationFormProps {
  readonly task: SegmentationTask;
  readonly outputs: readonly string[];
  readonly onChange: (task: SegmentationTask) => void;
}

/** How the output of a segmentation network becomes class indices. */
export function SegmentationForm({ task, outputs, onChange }: SegmentationFormProps) {
  const withNumber = (key: 'threshold' | 'ignoreIndex', value: number | null): void =>
    onChange(value === null ? without(task, key) : { ...task, [key]: value });
  return (
    <>
      <Select
        label={t('task.output.all')}
        value={task.output}
        choices={outputs.map((name) => ({ value: name, label: name }))}
        onChoose={(output) => onChange({ ...task, output })}
      />
      <Select
        label={t('task.layout')}
        value={task.layout}
        choices={(['nchw', 'nhwc', 'indices'] as const).map((layout) => ({
          value: layout,
          label: t(`task.maskLayout.${layout}`),
        }))}
        onChoose={(layout) => onChange({ ...task, layout })}
      />
      <NumberField
        label={t('task.classes')}
        value={task.classes}
        min={1}
        step={1}
        isInteger
        onCommit={(classes) => onChange({ ...task, classes: classes ?? task.classes })}
      />
      <NumberField
        label={t('task.threshold')}
        value={task.threshold ?? null}
        mayBeEmpty
        step={0.05}
        onCommit={(threshold) => withNumber('threshold', threshold)}
      />
      <NumberField
        label={t('task.ignoreIndex')}
        value={task.ignoreIndex ?? null}
        min={0}
        mayBeEmpty
        step={1}
        isInteger
        onCommit={(ignoreIndex) => withNumber('ignoreIndex', ignoreIndex)}
      />
    </>
  );
}
