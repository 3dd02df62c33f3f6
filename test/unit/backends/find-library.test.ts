import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findTensorrt } from '../../../src-main/backends/tensorrt/find-library';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'find-tensorrt-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function library(folder: string, ...names: readonly string[]): string {
  mkdirSync(join(dir, folder), { recursive: true });
  for (const name of names) writeFileSync(join(dir, folder, name), '');
  return join(dir, folder);
}

describe('findTensorrt', () => {
  it('takes the newest major of the first folder that has one', () => {
    const both = library('both', 'libnvinfer.so.10', 'libnvinfer.so.11', 'libnvonnxparser.so.11');
    const path = library('path', 'libnvinfer.so.10');
    const { found } = findTensorrt({ LD_LIBRARY_PATH: `${both}:${path}` });
    expect(found).toEqual({
      major: 11,
      nvinferPath: join(both, 'libnvinfer.so.11'),
      parserPath: join(both, 'libnvonnxparser.so.11'),
    });
  });

  it('takes what is named and nothing else: a file says its major, a place without a library is an error', () => {
    const both = library('both', 'libnvinfer.so.10', 'libnvinfer.so.11');
    const path = library('path', 'libnvinfer.so.11');
    expect(findTensorrt({ CALIB_TENSORRT: join(both, 'libnvinfer.so.10'), LD_LIBRARY_PATH: path }).found).toMatchObject(
      { major: 10, nvinferPath: join(both, 'libnvinfer.so.10') },
    );
    expect(findTensorrt({ CALIB_TENSORRT: both, LD_LIBRARY_PATH: path }).found?.major).toBe(11);
    expect(findTensorrt({ CALIB_TENSORRT: join(dir, 'mistyped'), LD_LIBRARY_PATH: path }).found).toBeNull();
  });

  it('goes by LD_LIBRARY_PATH, and leaves a parser that is elsewhere to the loader', () => {
    const path = library('path', 'libnvinfer.so.10');
    expect(findTensorrt({ LD_LIBRARY_PATH: `/nowhere:${path}` }).found).toEqual({
      major: 10,
      nvinferPath: join(path, 'libnvinfer.so.10'),
      parserPath: null,
    });
  });

  it("accepts the archive's own folder and a file", () => {
    const lib = library('TensorRT/lib', 'libnvinfer.so.10');
    const expected = { major: 10, nvinferPath: join(lib, 'libnvinfer.so.10') };
    expect(findTensorrt({ CALIB_TENSORRT: join(dir, 'TensorRT') }).found).toMatchObject(expected);
    expect(findTensorrt({ CALIB_TENSORRT: join(lib, 'libnvinfer.so.10') }).found).toMatchObject(expected);
  });

  it('looks where pip puts it', () => {
    const lib = library('venv/lib/python3.12/site-packages/tensorrt_libs', 'libnvinfer.so.10');
    expect(findTensorrt({ VIRTUAL_ENV: join(dir, 'venv') }).found?.nvinferPath).toBe(join(lib, 'libnvinfer.so.10'));
  });
});
