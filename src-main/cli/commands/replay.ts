import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { defineCommand, EXIT_GATE, EXIT_OK, present } from '../command';
import type { OptionSpec } from '../options';

const toleranceOption = {
  value: 'X',
  description: 'largest difference as a share of the largest recorded |x| (default: 0.01)',
  parse: (given: string) => {
    const value = Number(given);
    if (given.trim() !== '' && value >= 0) return value;
    throw new WorkbenchError('usage', `Expected --tolerance to be a number of 0 or more, found "${given}"`);
  },
} satisfies OptionSpec<number>;

export const replay = defineCommand({
  name: 'replay',
  summary: 'check a package: its files, its preprocessing, and its answers to the recorded images',
  positionals: ['PACKAGE'],
  options: { tolerance: toleranceOption },
  details:
    'The answers are the same where they were recorded. Another processor or version of the runtime rounds otherwise, ' +
    'so that a value near the middle between two INT8 steps may become the other one.',
  async run({ tolerance }, [packagePath = ''], { api, print }) {
    const result = await api.replayPackage({ packagePath: resolve(packagePath), ...present({ tolerance }) });
    print(result, ({ name, variant, recordedWith, tensors, met }) => [
      `${name}: ${variant}, recorded with ${recordedWith}`,
      {
        columns: [
          { title: 'image' },
          { title: 'tensor' },
          { title: 'difference', align: 'right' },
          { title: 'largest |x|', align: 'right' },
          { title: '' },
        ],
        rows: tensors.map(({ sample, kind, tensor, difference, largest, met: isMet }) => [
          sample,
          `${kind} ${tensor}`,
          difference.toPrecision(3),
          largest.toPrecision(3),
          isMet ? 'same' : 'DIFFERS',
        ]),
      },
      met ? 'all answers are repeated' : 'some answers differ',
    ]);
    return result.met ? EXIT_OK : EXIT_GATE;
  },
});
