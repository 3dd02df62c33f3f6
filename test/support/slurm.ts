import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './programs';

/** The daemons of Slurm, and of munge, which checks who speaks to them. */
export const SLURM_TOOLS = ['slurmctld', 'slurmd', 'munged', 'sbatch'] as const;

export interface SlurmCluster {
  /** Variables with which the commands of Slurm find the cluster. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** A cluster with this machine as its only node. Its files are in `dir`. */
export async function startSlurm(dir: string): Promise<SlurmCluster> {
  for (const folder of ['state', 'spool', 'munge']) mkdirSync(join(dir, folder), { recursive: true, mode: 0o711 });
  const [host = 'localhost'] = hostname().split('.');
  const [controlPort, nodePort] = [await freePort(), await freePort()];
  const socket = join(dir, 'munge/socket');
  writeFileSync(join(dir, 'munge/key'), randomBytes(128), { mode: 0o400 });
  const config = join(dir, 'slurm.conf');
  writeFileSync(
    config,
    [
      'ClusterName=calib',
      `SlurmctldHost=${host}(127.0.0.1)`,
      `SlurmctldPort=${controlPort}`,
      `SlurmdPort=${nodePort}`,
      'SlurmUser=root',
      'AuthType=auth/munge',
      'CryptoType=crypto/munge',
      // A job that is put back into the queue waits until its credential has expired: 120 s by default.
      `AuthInfo=socket=${socket},cred_expire=5`,
      `StateSaveLocation=${join(dir, 'state')}`,
      `SlurmdSpoolDir=${join(dir, 'spool')}`,
      `SlurmctldPidFile=${join(dir, 'slurmctld.pid')}`,
      `SlurmdPidFile=${join(dir, 'slurmd.pid')}`,
      'ProctrackType=proctrack/linuxproc',
      'TaskPlugin=task/none',
      'SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1',
      'SelectType=select/cons_tres',
      'SelectTypeParameters=CR_CPU',
      'ReturnToService=2',
      `NodeName=${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} State=UNKNOWN`,
      'PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
      '',
    ].join('\n'),
  );
  const daemons: ChildProcess[] = [];
  const daemon = (program: string, args: readonly string[]): void => {
    const log = openSync(join(dir, `${program}.log`), 'a');
    daemons.push(spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, SLURM_CONF: config } }));
  };
  const munge = ['key', 'pid', 'log', 'seed'].map((name) => `--${name}-file=${join(dir, 'munge', name)}`);
  daemon('munged', ['--foreground', '--force', `--socket=${socket}`, ...munge]);
  daemon('slurmctld', ['-D', '-f', config]);
  daemon('slurmd', ['-D', '-f', config, '-N', host]);
  const env = { SLURM_CONF: config };
  const stop = async (): Promise<void> => {
    for (const child of daemons.toReversed()) {
      const ended = new Promise((resolve) => child.on('close', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    }
  };
  try {
    await until('a node of Slurm is idle', async () =>
      /idle/.test(await runProgram('sinfo', ['-h', '-o', '%T'], env).catch(() => '')),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { env, stop };
}

/** Asks until the answer is yes. Throws after `atMostMs`. */
export async function until(
  what: string,
  ask: () => boolean | Promise<boolean>,
  { everyMs = 50, atMostMs = 60_000 } = {},
): Promise<void> {
  const endsAt = Date.now() + atMostMs;
  while (!(await ask())) {
    if (Date.now() > endsAt) throw new Error(`Waited ${atMostMs / 1000} s until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** A port of the loopback address on which nothing listens now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
