import { resolve } from 'node:path';
import { formatDuration } from '../../src-shared/base/units';
import type { Shard, ShardSpec } from '../../src-shared/contract/job-specs';
import { EXIT_OK, present, type CommandContext } from './command';
import { flag, text, type OptionSpec } from './options';
import { parseShard, type ShardChoice } from './shard-source';

const SHARDING = { group: 'One part of several (docs/scale.md):' };

/** Options of the commands of which a part can be computed; `what` says what the part is. */
export function shardOptions(what: string) {
  return {
    shard: {
      value: 'I/N',
      description: `${what}; calib merge puts the shards together. auto: as the batch system or launcher says`,
      ...SHARDING,
      parse: (given) => parseShard(given),
    } satisfies OptionSpec<ShardChoice>,
    shards: text('DIR', 'folder for the files of shards (default: the folder shards of the project)', SHARDING),
  } as const;
}

export const freshShardOption = flag('compute the shard again although it is finished', SHARDING);

/** Paragraph of the help of these commands. */
export const SHARD_DETAILS =
  'A finished shard is two files, kind-I-of-N.shard and kind-I-of-N.shard.json; it is kept and not computed again. ' +
  '--shard auto reads the variables of Slurm (arrays and srun), Kubernetes (indexed jobs), AWS Batch, Google Cloud ' +
  'Batch, Cloud Run, torchrun and MPI; auto/N names the number of shards where they do not. On SIGTERM a shard finishes ' +
  'its current images, stores what it has and ends with exit code 143; the same command continues it.';

interface ShardValues {
  readonly shard?: ShardChoice;
  readonly shards?: string;
  readonly fresh?: boolean;
}

/** The fields of a job specification, with a note that says where the shard came from. */
export function shardFields(
  { shard, shards }: ShardValues,
  { note }: Pick<CommandContext, 'note'>,
): { readonly shard?: Shard; readonly shardDir?: string } {
  if (shard === undefined) return {};
  const { index, count, source } = shard;
  if (source !== undefined) note(`shard ${index} of ${count}, from ${source}`);
  return { shard: { index, count }, ...(shards === undefined ? {} : { shardDir: resolve(shards) }) };
}

/** Computes one part of a job and prints where it is. @returns the exit code */
export async function runShard(
  of: ShardSpec['of'],
  shard: ShardChoice,
  { shards, fresh }: ShardValues,
  context: CommandContext,
): Promise<number> {
  const { shardDir } = shardFields({ shard, ...present({ shards }) }, context);
  const { index, count } = shard;
  const result = await context.runJob({
    kind: 'shard',
    projectPath: of.projectPath,
    shard: { index, count },
    of,
    ...present({ shardDir, fresh }),
  });
  if (result.kept && !context.isJson) context.note('The finished shard was kept (--fresh computes it again)');
  context.print(result, ({ shardPath, done, seconds, of: kind }) => [
    `${shardPath}: ${done} ${kind === 'validate' ? 'images' : 'models'}, ${formatDuration(seconds)}`,
  ]);
  return EXIT_OK;
}
