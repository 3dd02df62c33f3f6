import type { Decoder } from './decoder';
import type { Task } from './task';

/** A task with its settings in one line. */
export function taskText(task: Task | undefined): string {
  switch (task?.kind) {
    case undefined:
      return 'not decided (classification if an output has the shape [batch, classes])';
    case 'classification':
      return task.output === undefined ? 'classification' : `classification of output ${task.output}`;
    case 'detection':
      return `detection, ${decoderText(task.decoder)}, conventions of ${task.convention ?? 'coco'}`;
    case 'segmentation':
      return (
        `segmentation of output ${task.output} (${task.layout}), ${task.classes} classes` +
        (task.threshold === undefined ? '' : `, threshold ${task.threshold}`) +
        (task.ignoreIndex === undefined ? '' : `, label ${task.ignoreIndex} not counted`)
      );
    case 'embedding':
      return `embedding of output ${task.output}${task.normalize === false ? ', not normalized' : ''}`;
    case 'custom':
      return `custom, ${task.metric.kind === 'module' ? task.metric.path : task.metric.command.join(' ')}`;
  }
}

const UNIT_TEXTS: Readonly<Record<Decoder['boxUnit'], string>> = {
  pixels: 'pixels',
  fraction: 'fractions',
  original: 'pixels of the original image',
};

function decoderText(decoder: Decoder): string {
  const { kind, outputs, boxForm, boxUnit, strides, activation, background, minScore, nmsIou, classAgnostic } = decoder;
  return [
    `decoder ${kind} of ${outputs.join(' and ')}`,
    strides === undefined
      ? `boxes ${boxForm} in ${UNIT_TEXTS[boxUnit]}`
      : `boxes relative to grids with strides ${strides.join(', ')}`,
    activation === 'none' ? 'scores applied' : `scores by ${activation}`,
    ...(background === undefined ? [] : [`background ${background}`]),
    `scores from ${minScore}`,
    nmsIou === null ? 'no suppression' : `suppression above IoU ${nmsIou}${classAgnostic ? ' of any class' : ''}`,
    `at most ${decoder.maxDetections} boxes`,
  ].join(', ');
}
