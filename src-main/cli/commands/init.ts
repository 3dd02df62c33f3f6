import { basename, resolve } from 'node:path';
import { parsePreprocessingFlags } from '../../calibration/preprocess-flags';
import { PREPROCESSING_OPTIONS, PREPROCESSING_USAGE } from '../preprocessing-flags';
import { EXIT_OK, parseFlags, present, toJson, type Command } from '../command';
import type { ImageSetView } from '../../../src-shared/contract/api';
import { formatCountOf } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';

export const init: Command = {
  name: 'init',
  summary: 'makes a project from a model and image folders',
  usage: `Usage: calib init MODEL.onnx --calibration DIR|LIST.txt [--validation DIR|LIST.txt] [--labels CSV] [PREPROCESSING] [-o NAME.calib] [--json]
${PREPROCESSING_USAGE}`,
  async run(argv, { api, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      {
        calibration: { type: 'string' },
        validation: { type: 'string' },
        labels: { type: 'string' },
        output: { type: 'string', short: 'o' },
        ...PREPROCESSING_OPTIONS,
      },
      { min: 1, max: 1, names: 'MODEL.onnx' },
    );
    if (values.calibration === undefined) throw new WorkbenchError('usage', 'Expected --calibration DIR, the images that thresholds are chosen from');
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
      }),
    });
    for (const name of ['calibration', ...(view.file.validationSet === null ? [] : ['validation'] as const)] as const) note(setText(name, await api.getImageSet({ projectPath: view.path, set: name })));
    if (values.json) {
      print(toJson({ project: view.path, preprocessing: view.file.preprocessing, notes: view.file.preprocessingNotes }));
      return EXIT_OK;
    }
    for (const sentence of view.file.preprocessingNotes) note(sentence);
    print(view.path);
    return EXIT_OK;
  },
};

/** Names that are listed of many. */
const SHOWN = 5;
/** Of more classes a few names say nothing. */
const MOST_NAMED = 50;

/** `validation set: 1000 images, labels 0 to 9 of the folders 0_airplane, 1_automobile, ...; groups day (198), night (186)` */
function setText(name: string, { images, classNames, groups, skipped }: ImageSetView): string {
  const some = (names: readonly string[]): string => `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', ...' : ''}`;
  const labels = images.flatMap(({ label }) => (label === null ? [] : [label]));
  const highest = labels.reduce((most, label) => Math.max(most, label), 0);
  const classes = labels.length === 0 ? 'no labels' : `labels 0 to ${highest}${classNames.length === 0 || classNames.length > MOST_NAMED ? '' : ` (${some(classNames)})`}`;
  const counted = groups.map((group) => `${group} (${images.filter((image) => image.group === group).length})`);
  const left = skipped.length === 0 ? '' : `; ${formatCountOf(skipped.length, 'file')} left out, the first ${skipped[0]?.file}: ${skipped[0]?.reason}`;
  return `${name} set: ${formatCountOf(images.length, 'image')}, ${classes}${groups.length === 0 ? '' : `; groups ${some(counted)}`}${left}`;
}
