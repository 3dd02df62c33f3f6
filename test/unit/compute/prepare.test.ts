import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unfinishedFolder } from '../../../src-main/base/temporary-files';
import { isIntact } from '../../../src-main/onnx/passes/prepared-store';
import { prepare } from '../../../src-main/compute/tasks/prepare';
import { useTempDirs } from '../../support/temp-dir';
import { writeTinyModel } from '../../support/tiny-project';

const tempDir = useTempDirs();

/** A folder as a preparation leaves it that was killed half way. */
function unfinished(parent: string, name: string): void {
  mkdirSync(join(parent, name), { recursive: true });
  writeFileSync(join(parent, name, 'weights.bin'), 'half');
}

describe('prepare', () => {
  it('makes the model once, and sweeps what killed processes left, but not what others are at', async () => {
    const dir = tempDir();
    const parent = join(dir, 'prepared');
    const modelPath = join(dir, 'tiny.onnx');
    await writeTinyModel(modelPath);
    const own = basename(unfinishedFolder(join(parent, 'k')));
    const of = (pid: number, ticks = '1'): string => own.replace(/-[0-9]+-[0-9x]+$/, `-${pid}-${ticks}`);
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const ofRunning = of(process.ppid, 'x');
    // The machine comes first in the tag: another one's processes are unknown here.
    const elsewhere = of(gone)
      .replace('.unfinished-', '.unfinished-0')
      .replace(/(unfinished-.{8})./, '$1');
    for (const name of [own, of(gone), of(gone).replace('k', 'other'), of(process.ppid), ofRunning, elsewhere])
      unfinished(parent, name);
    const preparedDir = join(parent, 'k');
    await prepare({ modelPath, preparedDir }, {});
    expect(readdirSync(parent).sort()).toEqual(['k', ofRunning, elsewhere].sort());
    expect(readdirSync(preparedDir)).toEqual(expect.arrayContaining(['model.onnx', 'prepared.json']));
  });

  it('knows a prepared model that was damaged, and makes it again', async () => {
    const dir = tempDir();
    const modelPath = join(dir, 'tiny.onnx');
    await writeTinyModel(modelPath);
    const preparedDir = join(dir, 'prepared/k');
    await prepare({ modelPath, preparedDir }, {});
    const weights = readFileSync(join(preparedDir, 'weights.bin'));
    expect(await isIntact(preparedDir)).toBe(true);
    for (const damaged of [weights.map((byte, i) => (i === 700 ? byte ^ 64 : byte)), weights.subarray(0, 100)]) {
      writeFileSync(join(preparedDir, 'weights.bin'), damaged);
      expect(await isIntact(preparedDir)).toBe(false);
      await prepare({ modelPath, preparedDir, isDamaged: true }, {});
      expect(await isIntact(preparedDir)).toBe(true);
      expect(readFileSync(join(preparedDir, 'weights.bin')).equals(weights)).toBe(true);
    }
    rmSync(join(preparedDir, 'model.onnx'));
    expect(await isIntact(preparedDir)).toBe(false);
  });

  it('keeps what another process has made meanwhile', async () => {
    const dir = tempDir();
    const modelPath = join(dir, 'tiny.onnx');
    await writeTinyModel(modelPath);
    const preparedDir = join(dir, 'prepared/k');
    const meanwhile = (): void => {
      if (existsSync(preparedDir)) return;
      mkdirSync(preparedDir, { recursive: true });
      writeFileSync(join(preparedDir, 'prepared.json'), '{"notes":[]}');
    };
    await prepare({ modelPath, preparedDir }, { onProgress: meanwhile });
    expect(readdirSync(preparedDir)).toEqual(['prepared.json']);
    expect(readdirSync(join(dir, 'prepared'))).toEqual(['k']);
  });
});
