// One fuzzing process: tries a range of seeds on one target. Before every trial the seed goes into a file, so that the
// parent knows which input ended or stopped this process. Arguments: target, first seed, end seed, folder, memory limit
// in MB.
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import { Draws } from './mutate';
import type { FuzzTarget } from './target';
import { makeFolder, TARGETS_BY_NAME } from './targets';

/** What one process tells its parent when it ends by itself. */
export interface FuzzReport {
  readonly trials: number;
  readonly accepted: number;
  readonly peakRssMb: number;
  /** The first fault: the process ends there, because its state may be spoilt. */
  readonly fault: { readonly seed: number; readonly error: string } | null;
}

const [name = '', first = '0', end = '0', folder = '', limitMb = '512', replayed = ''] = process.argv.slice(2);
const target = TARGETS_BY_NAME.get(name);
if (target === undefined)
  throw new Error(`Expected a target, one of ${[...TARGETS_BY_NAME.keys()].join(', ')}, found "${name}"`);

const scratch = makeFolder(join(folder, 'scratch'));
const progress = openSync(join(folder, 'seed'), 'w');
const seedBytes = Buffer.alloc(8);

/** True when the input was accepted, false when it was refused in words. */
async function accepts(own: FuzzTarget, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await own.run(bytes, scratch)) !== false;
  } catch (error) {
    if (error instanceof WorkbenchError) return false;
    throw error;
  }
}

async function main(own: FuzzTarget): Promise<FuzzReport> {
  let accepted = 0;
  const peakRssMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
  for (let seed = Number(first); seed < Number(end); seed += 1) {
    seedBytes.writeDoubleLE(seed);
    writeSync(progress, seedBytes, 0, 8, 0);
    const bytes = await own.input(new Draws(seed));
    const trials = seed - Number(first) + 1;
    try {
      if (await accepts(own, bytes)) accepted += 1;
    } catch (error) {
      writeFileSync(join(folder, 'input'), bytes);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { trials, accepted, peakRssMb: peakRssMb(), fault: { seed, error: text } };
    }
    if (peakRssMb() > Number(limitMb)) {
      writeFileSync(join(folder, 'input'), bytes);
      return {
        trials,
        accepted,
        peakRssMb: peakRssMb(),
        fault: { seed, error: `The process used ${peakRssMb()} MB, more than ${limitMb} MB` },
      };
    }
  }
  return { trials: Number(end) - Number(first), accepted, peakRssMb: peakRssMb(), fault: null };
}

if (replayed === 'write-input') {
  // The input of a trial that ended its process: made again here, without reading it.
  writeFileSync(join(folder, 'input'), await target.input(new Draws(Number(first))));
} else {
  process.send?.(await main(target), () => process.exit(0));
}
