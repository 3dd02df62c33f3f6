import { basename, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { LABEL_ORDERS } from '../../../src-shared/domain/project/image-set';
import { parsePreprocessingFlags } from '../../calibration/preprocessing/preprocess-flags';
import { defineCommand, EXIT_OK, present } from '../command';
import { noteSets } from '../image-set-text';
import { allowNamedMetric, METRIC_OPTIONS, metricTask } from '../metric-option';
import { inputOption, inputSizeOption } from '../input-options';
import { choice, flag, text } from '../options';
import { PREPROCESSING_OPTIONS } from '../shared-options';
import { DECODER_DETAILS, decoderOption, requireDetection } from '../decoder-option';
import { taskOption, taskRequest } from '../task-option';

export const labelOrderOption = choice(
  'ORDER',
  LABEL_ORDERS,
  'order of class folders whose names are numbers: text puts "10" before "2", as torchvision does (default); ' +
    'numeric counts',
);

export const init = defineCommand({
  name: 'init',
  summary: 'make a project from a model and image folders',
  positionals: ['MODEL.onnx'],
  usage: '--calibration PATH [options]',
  details: DECODER_DETAILS,
  options: {
    calibration: text('PATH', 'folder or list of files (.txt) that thresholds are chosen from'),
    validation: text('PATH', 'the same for validation'),
    labels: text(
      'PATH',
      'labels of the validation images: a CSV file with classes; a folder of YOLO text files, a COCO JSON file or a ' +
        'folder of Pascal VOC files with boxes; a folder of PNG masks',
    ),
    'class-names': text('FILE', 'class names in the order of the model: a text file with one a line, or a data.yaml'),
    'label-order': labelOrderOption,
    input: inputOption,
    'input-size': inputSizeOption,
    task: taskOption('init'),
    ...METRIC_OPTIONS,
    decoder: decoderOption,
    'no-kernel-times': flag('leave out the measured times of kernels that are known for the layers, see calib kernels'),
    output: text('NAME.calib', 'folder of the new project (default: named after the model)', { short: 'o' }),
    ...PREPROCESSING_OPTIONS,
  },
  async run(values, [model = ''], { api, print, note, isJson }) {
    if (values.calibration === undefined)
      throw new WorkbenchError('usage', 'Expected --calibration DIR, the images that thresholds are chosen from');
    requireDetection(values);
    const modelPath = resolve(model);
    const metric = metricTask(values);
    const view = await api.createProject({
      modelPath,
      calibrationPath: resolve(values.calibration),
      projectPath: resolve(values.output ?? `${basename(modelPath).replace(/\.onnx$/i, '')}.calib`),
      preprocessing: parsePreprocessingFlags(values),
      ...present({
        validationPath: values.validation === undefined ? undefined : resolve(values.validation),
        labelsCsv: values.labels === undefined ? undefined : resolve(values.labels),
        classNamesPath: values['class-names'] === undefined ? undefined : resolve(values['class-names']),
        labelOrder: values['label-order'],
        inputs: values.input,
        inputSize: values['input-size'],
        ...(metric !== undefined ? { task: metric } : values.task === undefined ? {} : await taskRequest(values.task)),
        decoder: values.decoder,
        usesKernelTimes: values['no-kernel-times'] ? false : undefined,
      }),
    });
    if (metric?.kind === 'custom') await allowNamedMetric(metric.metric);
    await noteSets(view, api, note);
    const { measured } = view.file.plan;
    if (!isJson && measured !== undefined)
      note(
        `Layers that were not faster in INT8 on ${measured.gpu} with TensorRT ${measured.tensorrt} stay in FP16 for ` +
          'target tensorrt; --no-kernel-times leaves this out.',
      );
    const {
      preprocessing,
      preprocessingNotes: notes,
      modelNotes: warnings = [],
      method,
      inputs,
      task,
      taskNotes = [],
    } = view.file;
    if (!isJson)
      for (const sentence of [...warnings.map(({ message }) => message), ...notes, ...taskNotes]) note(sentence);
    print(
      {
        project: view.path,
        preprocessing,
        ...present({ inputs }),
        notes,
        warnings,
        method,
        ...present({ task }),
        taskNotes,
      },
      ({ project }) => [project],
    );
    return EXIT_OK;
  },
});
