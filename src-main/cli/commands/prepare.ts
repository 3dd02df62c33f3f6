import { resolve } from 'node:path';
import { formatCountOf, formatDuration } from '../../../src-shared/base/units';
import { defineCommand, EXIT_OK } from '../command';

export const prepare = defineCommand({
  name: 'prepare',
  summary: 'prepare the model and store the hashes of the images, so that shards need not do it',
  positionals: ['PROJECT'],
  options: {},
  details:
    'Run it once before many shards of the same project start (docs/scale.md). A shard then reads its own images only; ' +
    'without it, every shard reads all images of the set to identify them. Nothing else needs it.',
  async run(_values, [project = ''], { runJob, print }) {
    const result = await runJob({ kind: 'prepare', projectPath: resolve(project) });
    print(result, ({ sets, seconds }) => [
      ...sets.map(
        ({ set, images, manifestSha256 }) => `${set}: ${formatCountOf(images, 'image')}, sha256 ${manifestSha256}`,
      ),
      formatDuration(seconds),
    ]);
    return EXIT_OK;
  },
});
