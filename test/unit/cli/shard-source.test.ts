import { describe, expect, it } from 'vitest';
import { parseShard } from '../../../src-main/cli/shard-source';

type Environment = Readonly<Record<string, string>>;

const slurmArray = (...[id, min, max, step, count]: readonly number[]): Environment => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(min),
  SLURM_ARRAY_TASK_MAX: String(max),
  SLURM_ARRAY_TASK_STEP: String(step),
  SLURM_ARRAY_TASK_COUNT: String(count),
});
/** What sbatch sets in every script, arrays included. */
const SBATCH: Environment = { SLURM_PROCID: '0', SLURM_NTASKS: '1', SLURM_JOB_ID: '17' };

const shardOf = (environment: Environment, text = 'auto'): string => {
  const { index, count } = parseShard(text, environment);
  return `${index}/${count}`;
};

describe('a shard that is named', () => {
  it.each(['1/1', '3/8', '8/8'])('is %s', (text) => expect(shardOf({}, text)).toBe(text));

  it.each(['0/2', '3/2', '1', '1/0', 'auto/0', 'auto/x', 'automatic', ''])('is not %s', (text) =>
    expect(() => parseShard(text, { RANK: '0', WORLD_SIZE: '2' })).toThrow(/Expected --shard I\/N/),
  );
});

describe('a shard that an engine names', () => {
  it.each<[name: string, environment: Environment, expected: string]>([
    ['a Slurm array from 0', { ...SBATCH, ...slurmArray(3, 0, 7, 1, 8) }, '4/8'],
    ['a Slurm array from 1', { ...SBATCH, ...slurmArray(8, 1, 8, 1, 8) }, '8/8'],
    ['a Slurm array with steps', slurmArray(12, 4, 16, 4, 4), '3/4'],
    ['a Slurm array with a last step that is not full', slurmArray(8, 0, 9, 4, 3), '3/3'],
    ['srun', { SLURM_PROCID: '5', SLURM_NTASKS: '6' }, '6/6'],
    ['AWS Batch', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '10' }, '1/10'],
    ['Google Cloud Batch', { BATCH_TASK_INDEX: '1', BATCH_TASK_COUNT: '4' }, '2/4'],
    ['Cloud Run', { CLOUD_RUN_TASK_INDEX: '2', CLOUD_RUN_TASK_COUNT: '4' }, '3/4'],
    ['torchrun', { RANK: '1', WORLD_SIZE: '2', LOCAL_RANK: '1' }, '2/2'],
    ['Open MPI', { OMPI_COMM_WORLD_RANK: '2', OMPI_COMM_WORLD_SIZE: '3' }, '3/3'],
    ['MPICH', { PMI_RANK: '0', PMI_SIZE: '3' }, '1/3'],
    ['a single process', SBATCH, '1/1'],
    ['srun with PMI, which agree', { SLURM_PROCID: '1', SLURM_NTASKS: '4', PMI_RANK: '1', PMI_SIZE: '4' }, '2/4'],
    ['torchrun in a job of one task', { ...SBATCH, RANK: '1', WORLD_SIZE: '4' }, '2/4'],
    ['an empty variable beside another', { RANK: '', WORLD_SIZE: '', PMI_RANK: '1', PMI_SIZE: '2' }, '2/2'],
    ['a rank without a number of processes beside an array', { RANK: '3', ...slurmArray(1, 0, 1, 1, 2) }, '2/2'],
  ])('%s', (_name, environment, expected) => expect(shardOf(environment)).toBe(expected));

  it.each<[name: string, environment: Environment, text: string, expected: string]>([
    ['Kubernetes', { JOB_COMPLETION_INDEX: '3' }, 'auto/8', '4/8'],
    ['Kubernetes with the variable', { JOB_COMPLETION_INDEX: '3', CALIB_SHARD_COUNT: '8' }, 'auto', '4/8'],
    ['AWS Batch without its size', { AWS_BATCH_JOB_ARRAY_INDEX: '3' }, 'auto/4', '4/4'],
    ['a Slurm array that repeats one task', slurmArray(5, 5, 5, 1, 1), 'auto/8', '6/8'],
    ['a Slurm array that repeats some tasks', slurmArray(7, 2, 7, 1, 3), 'auto/8', '8/8'],
    ['a complete Slurm array from 1', slurmArray(8, 1, 8, 1, 8), 'auto/8', '8/8'],
    ['the first task of a complete Slurm array with steps', slurmArray(4, 4, 16, 4, 4), 'auto/4', '1/4'],
    ['an engine that agrees', { RANK: '1', WORLD_SIZE: '2' }, 'auto/2', '2/2'],
  ])('of a number that is given: %s', (_name, environment, text, expected) =>
    expect(shardOf(environment, text)).toBe(expected),
  );

  it('says which variables were used', () => {
    expect(parseShard('auto', slurmArray(3, 0, 7, 1, 8)).source).toBe(
      "Slurm's job array (SLURM_ARRAY_TASK_ID=3, SLURM_ARRAY_TASK_COUNT=8)",
    );
    expect(parseShard('auto/4', { JOB_COMPLETION_INDEX: '3' }).source).toBe(
      "Kubernetes' indexed job (JOB_COMPLETION_INDEX=3, 4 shards in all)",
    );
    expect(parseShard('1/4', { JOB_COMPLETION_INDEX: '3' }).source).toBeUndefined();
  });
});

describe('what an engine says is refused', () => {
  it.each<[name: string, environment: Environment, text: string, message: RegExp]>([
    ['nothing', {}, 'auto', /found none of the variables SLURM_ARRAY_TASK_ID, .*PMI_RANK/],
    [
      'an index without a number',
      { JOB_COMPLETION_INDEX: '3' },
      'auto',
      /JOB_COMPLETION_INDEX=3 .*does not say how many/,
    ],
    [
      'an index that is too large',
      { RANK: '2', WORLD_SIZE: '2' },
      'auto',
      /RANK=2, WORLD_SIZE=2.*none with the number 2/,
    ],
    ['an index beyond the given number', { JOB_COMPLETION_INDEX: '8' }, 'auto/8', /JOB_COMPLETION_INDEX=8/],
    ['a negative index', { RANK: '-1', WORLD_SIZE: '2' }, 'auto', /RANK=-1.*whole number/],
    ['no number', { RANK: '1.5', WORLD_SIZE: '2' }, 'auto', /RANK=1\.5/],
    ['no processes', { RANK: '0', WORLD_SIZE: '0' }, 'auto', /at least one shard/],
    ['no shards', { JOB_COMPLETION_INDEX: '0', CALIB_SHARD_COUNT: '0' }, 'auto', /CALIB_SHARD_COUNT=0/],
    ['an array with gaps', slurmArray(3, 1, 7, 1, 3), 'auto', /SLURM_ARRAY_TASK_ID=3.*no range/],
    ['another number than the given one', { RANK: '1', WORLD_SIZE: '2' }, 'auto/4', /auto\/4 .*WORLD_SIZE=2.*differ/],
    [
      'two engines with other ranks',
      { RANK: '1', WORLD_SIZE: '4', SLURM_PROCID: '0', SLURM_NTASKS: '4' },
      'auto',
      /disagree: SLURM_PROCID=0, SLURM_NTASKS=4 \(srun\); RANK=1, WORLD_SIZE=4 \(torchrun\)/,
    ],
    [
      'an array of jobs with several tasks each',
      { ...slurmArray(1, 0, 3, 1, 4), SLURM_PROCID: '1', SLURM_NTASKS: '2' },
      'auto',
      /disagree/,
    ],
    [
      'Kubernetes and torchrun of other numbers',
      { JOB_COMPLETION_INDEX: '1', RANK: '0', WORLD_SIZE: '2' },
      'auto',
      /disagree/,
    ],
  ])('%s', (_name, environment, text, message) => expect(() => parseShard(text, environment)).toThrow(message));
});
