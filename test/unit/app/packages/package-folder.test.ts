import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPackage, writePackage } from '../../../../src-main/app/packages/package-folder';
import { manifestOf, type PackageManifest } from '../../../../src-shared/domain/packages/manifest';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();
const manifest = (change: Partial<PackageManifest> = {}): PackageManifest => ({
  ...manifestOf({
    name: 'net',
    variant: 'int8',
    target: 'onnxruntime',
    backend: 'ort-cpu',
    model: 'model.onnx',
    modelSha256: 'ab'.repeat(32),
    sourceSha256: 'cd'.repeat(32),
    recordedWith: 'ONNX Runtime 1.0.0, x64',
    disabledOptimizers: [],
    image: null,
    fixedBatch: null,
    task: null,
    classNames: ['a'],
    samples: [],
  }),
  ...change,
});
const write = (dir: string, model = 'model', content = manifest()) =>
  writePackage(dir, async (folder) => {
    mkdirSync(join(folder, '1'));
    writeFileSync(join(folder, '1/model.onnx'), model);
    return { manifest: content, value: model };
  });

describe('a package', () => {
  it('is complete or absent, and replaces an earlier one', async () => {
    const root = tempDir();
    const dir = join(root, 'net');
    expect(await write(dir)).toEqual({ files: ['1/model.onnx', 'SHA256SUMS', 'manifest.json'], value: 'model' });
    writeFileSync(join(dir, 'old'), '');
    await write(dir, 'other');
    expect(readFileSync(join(dir, '1/model.onnx'), 'utf8')).toBe('other');
    expect(existsSync(join(dir, 'old'))).toBe(false);
    const failed = writePackage(dir, () => Promise.reject(new Error('full')));
    await expect(failed).rejects.toThrow();
    expect(readdirSync(root)).toEqual(['net']);
    expect(await readPackage(dir)).toEqual(manifest());
  });

  it('does not replace a folder that is none', async () => {
    const root = tempDir();
    writeFileSync(join(root, 'thesis.txt'), 'text');
    await expect(write(root)).rejects.toThrow(/is no package, so that it is not replaced/);
    expect(readdirSync(root)).toEqual(['thesis.txt']);
  });

  it('is refused when a file is missing, changed or leads outside', async () => {
    const dir = join(tempDir(), 'net');
    await write(dir);
    writeFileSync(join(dir, '1/model.onnx'), 'Model');
    await expect(readPackage(dir)).rejects.toThrow(/1\/model\.onnx is not what SHA256SUMS says/);
    rmSync(join(dir, '1/model.onnx'));
    await expect(readPackage(dir)).rejects.toThrow(/1\/model\.onnx is missing/);
    for (const model of ['../model.onnx', '/model.onnx', 'a/../../b', 'C:\\model.onnx']) {
      writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest({ model })));
      await expect(readPackage(dir)).rejects.toThrow(/no manifest of a package: expected a path inside the package/);
    }
    await expect(readPackage(join(dir, 'nowhere'))).rejects.toThrow(/does not exist/);
  });
});
