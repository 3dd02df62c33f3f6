import { WorkbenchError } from '../../src-shared/base/errors';
import { ownValue } from '../../src-shared/base/records';
import type { Shard } from '../../src-shared/contract/job-specs';

/** A shard, and for `auto` what named it. */
export interface ShardChoice extends Shard {
  /** A sentence part with the variables that were used; absent if the shard was given as numbers. */
  readonly source?: string;
}

/** How an engine tells a process which one of several it is. */
interface Source {
  readonly name: string;
  /** Variable with the number of the process, from 0 unless `min` is given. */
  readonly index: string;
  /** Variable with the number of processes; null: the engine does not tell. */
  readonly count: string | null;
  /** Variables of a range that does not begin at 0 or has gaps. */
  readonly min?: string;
  readonly max?: string;
  readonly step?: string;
  /** Without the number of processes, the other variable means nothing. */
  readonly isVoidWithoutCount?: boolean;
}

const SOURCES: readonly Source[] = [
  {
    name: "Slurm's job array",
    index: 'SLURM_ARRAY_TASK_ID',
    count: 'SLURM_ARRAY_TASK_COUNT',
    min: 'SLURM_ARRAY_TASK_MIN',
    max: 'SLURM_ARRAY_TASK_MAX',
    step: 'SLURM_ARRAY_TASK_STEP',
  },
  // A batch script that is no step of srun has the variable SLURM_PROCID, too.
  { name: 'srun', index: 'SLURM_PROCID', count: 'SLURM_NTASKS', isVoidWithoutCount: true },
  { name: "Kubernetes' indexed job", index: 'JOB_COMPLETION_INDEX', count: null },
  { name: 'the array job of AWS Batch', index: 'AWS_BATCH_JOB_ARRAY_INDEX', count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { name: 'Google Cloud Batch', index: 'BATCH_TASK_INDEX', count: 'BATCH_TASK_COUNT' },
  { name: 'Cloud Run', index: 'CLOUD_RUN_TASK_INDEX', count: 'CLOUD_RUN_TASK_COUNT' },
  { name: 'torchrun', index: 'RANK', count: 'WORLD_SIZE', isVoidWithoutCount: true },
  { name: 'Open MPI', index: 'OMPI_COMM_WORLD_RANK', count: 'OMPI_COMM_WORLD_SIZE' },
  { name: 'MPICH (PMI)', index: 'PMI_RANK', count: 'PMI_SIZE' },
];

/** Number of parts for engines that do not tell it; the same as `auto/N`. */
export const COUNT_VARIABLE = 'CALIB_SHARD_COUNT';

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws WorkbenchError usage for anything but `I/N`, `auto` and `auto/N`; see shardFromEnvironment */
export function parseShard(text: string, environment: Environment = process.env): ShardChoice {
  const [index = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  const auto = /^auto(?:\/([1-9]\d*))?$/.exec(text);
  if (auto) return shardFromEnvironment(environment, auto[1] === undefined ? null : Number(auto[1]));
  throw new WorkbenchError(
    'usage',
    `Expected --shard I/N with I from 1 to N (1/2, for example), auto or auto/N, found "${text}"`,
  );
}

interface Found {
  readonly source: Source;
  /** From 0. */
  readonly index: number;
  readonly count: number | null;
  /** The variables that were used: `RANK=1, WORLD_SIZE=4`. */
  readonly text: string;
}

/**
 * The shard of this process as the engine that started it says. An engine that started a single process says nothing
 * if another one started several.
 * @param given number of shards that the user named; then a job array may repeat single shards, and its tasks count
 * from 0.
 * @throws WorkbenchError usage with the variables that were found, if there are none, if they are no numbers of a
 * shard, or if two engines disagree.
 */
export function shardFromEnvironment(environment: Environment, given: number | null): ShardChoice {
  const total = given ?? readNumber(environment, COUNT_VARIABLE);
  if (total === 0) throw impossible(`${COUNT_VARIABLE}=0`, 'there must be at least one shard');
  const all = SOURCES.flatMap((source) => found(source, environment, total) ?? []);
  if (all.length === 0) throw nothingFound();
  const several = all.filter(({ count }) => count !== 1);
  const candidates = several.length > 0 ? several : all.slice(0, 1);
  const count = total ?? candidates.find((own) => own.count !== null)?.count ?? null;
  const [first] = candidates;
  if (first === undefined) throw nothingFound();
  if (count === null) {
    throw new WorkbenchError('usage', `${first.text} of ${first.source.name} does not say how many shards there are`, {
      hint: `Name their number: --shard auto/N, or the variable ${COUNT_VARIABLE}.`,
    });
  }
  const texts = candidates.map(({ text, source }) => `${text} (${source.name})`).join('; ');
  const agree = candidates.every((own) => own.index === first.index && (own.count ?? count) === count);
  if (!agree && candidates.length > 1) {
    throw new WorkbenchError('usage', `Expected one engine to name the shard, found several that disagree: ${texts}`, {
      hint: 'Name the shard yourself, from the variables that count: --shard $((RANK + 1))/$WORLD_SIZE, for example.',
    });
  }
  if (!agree) throw impossible(`--shard auto/${count} and ${texts}`, `the numbers of shards differ`);
  if (first.index >= count)
    throw impossible(texts, `of ${count} shards there is none with the number ${first.index} from 0`);
  const named = total === null ? '' : `, ${count} shards in all`;
  return { index: first.index + 1, count, source: `${first.source.name} (${first.text}${named})` };
}

function found(source: Source, environment: Environment, given: number | null): Found | null {
  const index = readNumber(environment, source.index);
  const count = source.count === null ? null : readNumber(environment, source.count);
  if (index === null || (count === null && source.isVoidWithoutCount)) return null;
  const text = [source.index, ...(source.count === null ? [] : [source.count])]
    .map((name) => [name, ownValue(environment, name) ?? ''] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  if (count === 0) throw impossible(text, 'there must be at least one shard');
  if (source.min === undefined) return { source, index, count, text };
  // A job array with fewer tasks than shards repeats some of them, whose numbers are those of the tasks.
  if (given !== null && count !== null && count < given) return { source, index, count: given, text };
  return { source, index: indexInRange(source, { environment, index, count, text }), count, text };
}

/** The number from 0 of a task in a range of ids such as `1-8` or `0-14:2`. */
function indexInRange(
  source: Source,
  { environment, index, count, text }: Omit<Found, 'source'> & { readonly environment: Environment },
): number {
  const min = readNumber(environment, source.min ?? '') ?? 0;
  const max = readNumber(environment, source.max ?? '');
  const step = Math.max(1, readNumber(environment, source.step ?? '') ?? 1);
  const isRange = max === null || count === null || Math.floor((max - min) / step) + 1 === count;
  const position = (index - min) / step;
  if (isRange && Number.isInteger(position) && position >= 0) return position;
  const range = `${source.min ?? ''}=${min}, ${source.max ?? ''}=${max ?? ''}, ${source.step ?? ''}=${step}`;
  throw impossible(`${text}, ${range}`, 'the tasks are no range with equal steps, so that their order is not known');
}

/** @throws WorkbenchError usage if the variable is no whole number */
function readNumber(environment: Environment, name: string): number | null {
  const text = ownValue(environment, name) ?? '';
  if (text === '') return null;
  if (!/^\d{1,9}$/.test(text)) throw impossible(`${name}=${text}`, 'it must be a whole number from 0');
  return Number(text);
}

function impossible(found: string, reason: string): WorkbenchError {
  return new WorkbenchError('usage', `No shard can be taken from ${found}: ${reason}`, {
    hint: 'Name the shard yourself: --shard I/N.',
  });
}

function nothingFound(): WorkbenchError {
  const names = SOURCES.map(({ index }) => index).join(', ');
  return new WorkbenchError('usage', `Expected an engine to name the shard, found none of the variables ${names}`, {
    hint: 'Name the shard yourself: --shard I/N.',
  });
}
