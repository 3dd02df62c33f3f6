import { formatBytes, formatCountOf } from '../../../src-shared/base/units';
import {
  clearImageCache,
  imageCacheDir,
  imageCacheLimit,
  imageCacheUse,
} from '../../calibration/preprocessing/image-cache';
import { defineCommand, EXIT_OK } from '../command';
import { flag } from '../options';

export const cache = defineCommand({
  name: 'cache',
  summary: 'show or empty the cache of decoded images',
  positionals: [],
  options: { clear: flag('remove all images from the cache; the next pass decodes its images again') },
  details:
    'Images are kept on disk as the models see them, before their values are normalised, so that no pass over the ' +
    'same images decodes them again. Those that were not used for longest make room for new ones. The environment ' +
    'variable CALIB_CACHE_GB sets the limit (default: 4; 0 switches the cache off).',
  async run(values, _positionals, { print }) {
    if (values.clear) clearImageCache();
    const found = { path: imageCacheDir(), limitBytes: imageCacheLimit(), ...imageCacheUse() };
    print(found, ({ path, images, bytes, limitBytes }) => [
      `${path}: ${formatCountOf(images, 'image')}, ${formatBytes(bytes)} of ${formatBytes(limitBytes)}`,
    ]);
    return EXIT_OK;
  },
});
