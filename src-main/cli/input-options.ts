import { WorkbenchError } from '../../src-shared/base/errors';
import { parseSource, sourceText, type InputSources } from '../../src-shared/domain/project/inputs';
import { parseSize } from '../calibration/preprocessing/preprocess-flags';
import type { OptionSpec } from './options';

/** The option that names the source of one input; it may be repeated. */
export const inputOption: OptionSpec<InputSources> = {
  value: 'NAME=SOURCE',
  description:
    'where an input of the model gets its values from (may be repeated; default: guessed): images, value:V (a number), ' +
    'npz:FIELD (an array of .npz files), original-size (height, width), original-size-wh, resized-size, scale-factor, ' +
    'pixel-mask',
  parse: (given, _name, previous) => {
    // Names of inputs may contain `=`; sources do not.
    const at = given.lastIndexOf('=');
    const source = at <= 0 ? null : parseSource(given.slice(at + 1));
    if (source === null) {
      throw new WorkbenchError('usage', `Expected --input NAME=SOURCE, found "${given}"`, {
        hint:
          'Sources: images, value:V, npz:FIELD, original-size, original-size-wh, resized-size, scale-factor, ' +
          'pixel-mask. Example: --input scale_factor=value:1',
      });
    }
    return { ...previous, [given.slice(0, at)]: source };
  },
};

export const inputSizeOption: OptionSpec<{ readonly width: number; readonly height: number }> = {
  value: 'WxH',
  description: 'size of the images for a model that leaves height and width open (default: near the images)',
  parse: (given) => parseSize('input-size', given),
};

/** The sources as lines of text: `im_shape=resized-size`. */
export function sourcesText(sources: InputSources): string {
  return Object.entries(sources)
    .map(([name, source]) => `${name}=${sourceText(source)}`)
    .join(' ');
}
