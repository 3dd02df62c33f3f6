import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepare, UNFINISHED } from '../../../src-main/compute/prepare';
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
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    unfinished(parent, `k${UNFINISHED}${gone}`);
    unfinished(parent, `other${UNFINISHED}${gone}`);
    unfinished(parent, `k${UNFINISHED}${process.pid}`);
    unfinished(parent, `k${UNFINISHED}${process.ppid}`);
    unfinished(parent, `k.unfinished-elsewhere-${gone}`);
    const preparedDir = join(parent, 'k');
    await prepare({ modelPath, preparedDir }, {});
    expect(readdirSync(parent).sort()).toEqual(['k', `k${UNFINISHED}${process.ppid}`, `k.unfinished-elsewhere-${gone}`].sort());
    expect(readdirSync(preparedDir)).toEqual(expect.arrayContaining(['model.onnx', 'prepared.json']));
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
