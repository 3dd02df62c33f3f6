import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownIdentity } from '../../../src-main/base/running-process';
import { acquireProjectLock } from '../../../src-main/app/projects/project-lock';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();

/** The pid of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function writeLock(dir: string, change: object): string {
  const path = join(dir, 'project.lock');
  writeFileSync(
    path,
    JSON.stringify({ pid: process.ppid, host: hostname(), startedAtMs: Date.now(), token: 'theirs', ...change }),
  );
  return path;
}

describe('acquireProjectLock', () => {
  it('is exclusive until released', async () => {
    const dir = tempDir();
    const lock = await acquireProjectLock(dir);
    await expect(acquireProjectLock(dir)).rejects.toMatchObject({
      code: 'project-locked',
      message: expect.stringContaining(`is held by process ${process.pid} on ${hostname()} since 20`) as string,
      hint: expect.stringContaining(join(dir, 'project.lock')) as string,
    });
    await lock.release();
    await lock.release();
    expect(readdirSync(dir)).toEqual([]);
    await (await acquireProjectLock(dir)).release();
  });
  it('only one of many gets it', async () => {
    const dir = tempDir();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireProjectLock(dir)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });
  it('takes over from a process that is gone', async () => {
    const dir = tempDir();
    const path = writeLock(dir, { pid: deadPid() });
    const lock = await acquireProjectLock(dir);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });
  it('only one of many takes a stale lock over', async () => {
    const dir = tempDir();
    writeLock(dir, { pid: deadPid() });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireProjectLock(dir)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });
  it('never takes it from a living process, whatever the clock says', async () => {
    const dir = tempDir();
    for (const startedAtMs of [1, Date.now() + 1e12]) {
      writeLock(dir, { startedAtMs });
      await expect(acquireProjectLock(dir)).rejects.toMatchObject({ code: 'project-locked' });
      writeLock(dir, { ...ownIdentity(), pid: process.pid, startedAtMs });
      await expect(acquireProjectLock(dir)).rejects.toMatchObject({ code: 'project-locked' });
    }
  });
  it.skipIf(process.platform !== 'linux')(
    'takes over a lock from before the machine started, and from a process whose id was given again',
    async () => {
      const dir = tempDir();
      writeLock(dir, { ...ownIdentity(), boot: 'another', pid: process.ppid });
      await (await acquireProjectLock(dir)).release();
      writeLock(dir, { ...ownIdentity(), startTicks: 1 });
      await (await acquireProjectLock(dir)).release();
    },
  );
  it('leaves the lock of a machine of the same name, and of another container, alone', async () => {
    const dir = tempDir();
    for (const change of [{ machine: 'other' }, { pidNamespace: 'pid:[1]' }]) {
      writeLock(dir, { ...ownIdentity(), pid: deadPid(), ...change });
      await expect(acquireProjectLock(dir)).rejects.toMatchObject({ code: 'project-locked' });
    }
  });
  it('waits for the edit of another process, says so once, and gives up after the time that it states', async () => {
    const dir = tempDir();
    const first = await acquireProjectLock(dir, { purpose: 'edit' });
    const said: string[] = [];
    const second = acquireProjectLock(dir, { purpose: 'edit', onWait: (message) => said.push(message) });
    await expect
      .poll(() => said)
      .toEqual([expect.stringContaining(`Waiting for process ${process.pid}, which edits ${dir}, for at most 20 s`)]);
    await first.release();
    await (await second).release();
    writeLock(dir, { purpose: 'edit' });
    await expect(acquireProjectLock(dir, { waitMs: 600 })).rejects.toThrow('also after a wait of 1 s');
  });
  it('respects a running process, another host and a lock that it cannot read', async () => {
    const dir = tempDir();
    writeLock(dir, {});
    await expect(acquireProjectLock(dir)).rejects.toThrow(`is held by process ${process.ppid} on`);
    writeLock(dir, { host: 'elsewhere', pid: deadPid() });
    await expect(acquireProjectLock(dir)).rejects.toThrow('on elsewhere');
    writeFileSync(join(dir, 'project.lock'), '{');
    await expect(acquireProjectLock(dir)).rejects.toMatchObject({ code: 'project-locked' });
  });
  it('does not remove a lock that is no longer its own', async () => {
    const dir = tempDir();
    const lock = await acquireProjectLock(dir);
    const path = writeLock(dir, {});
    await lock.release();
    expect(existsSync(path)).toBe(true);
  });
  it('needs a project', async () => {
    await expect(acquireProjectLock('/no/such.calib')).rejects.toMatchObject({ code: 'not-found' });
  });
});
