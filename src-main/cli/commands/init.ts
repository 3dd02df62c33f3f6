import { basename, resolve } from 'node:path';
import { parsePreprocessingFlags } from '../../calibration/preprocessing/preprocess-flags';
import { PREPROCESSING_OPTIONS, PREPROCESSING_USAGE } from '../preprocessing-flags';
import { EXIT_OK, oneOf, parseFlags, present, toJson, type Command } from '../command';
import { noteSets } from '../image-set-text';
import { LABEL_ORDERS } from '../../../src-shared/domain/project/image-set';
import { WorkbenchError } from '../../../src-shared/base/errors';

export const init: Command = {
  name: 'init',
  summary: 'makes a project from a model and image folders',
  usage: `Usage: calib init MODEL.onnx --calibration DIR|LIST.txt [--validation DIR|LIST.txt] [--labels CSV] [--label-order ${LABEL_ORDERS.join('|')}] [PREPROCESSING] [-o NAME.calib] [--json]
  --label-order numeric    class folders that are numbers count by their values; text puts "10" before "2", as torchvision does
${PREPROCESSING_USAGE}`,
  async run(argv, { api, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      {
        calibration: { type: 'string' },
        validation: { type: 'string' },
        labels: { type: 'string' },
        'label-order': { type: 'string' },
        output: { type: 'string', short: 'o' },
        ...PREPROCESSING_OPTIONS,
      },
      { min: 1, max: 1, names: 'MODEL.onnx' },
    );
    if (values.calibration === undefined)
      throw new WorkbenchError('usage', 'Expected --calibration DIR, the images that thresholds are chosen from');
    const modelPath = resolve(positionals[0] ?? '');
    const projectPath = resolve(values.output ?? `${basename(modelPath).replace(/\.onnx$/i, '')}.calib`);
    const view = await api.createProject({
      modelPath,
      calibrationPath: resolve(values.calibration),
      projectPath,
      preprocessing: parsePreprocessingFlags(values),
      ...present({
        validationPath: values.validation === undefined ? undefined : resolve(values.validation),
        labelsCsv: values.labels === undefined ? undefined : resolve(values.labels),
        labelOrder: oneOf('--label-order', values['label-order'], LABEL_ORDERS),
      }),
    });
    await noteSets(view, api, note);
    if (values.json) {
      print(
        toJson({ project: view.path, preprocessing: view.file.preprocessing, notes: view.file.preprocessingNotes }),
      );
      return EXIT_OK;
    }
    for (const sentence of view.file.preprocessingNotes) note(sentence);
    print(view.path);
    return EXIT_OK;
  },
};
