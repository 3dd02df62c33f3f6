import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findOpenvino } from '../../../../src-main/backends/openvino/find-library';
import { saturatesInInt8 } from '../../../../src-main/backends/openvino/runtime';
import { kernelType } from '../../../../src-main/backends/openvino/inspect-model';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'find-openvino-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function library(folder: string, ...names: readonly string[]): string {
  mkdirSync(join(dir, folder), { recursive: true });
  for (const name of names) writeFileSync(join(dir, folder, name), '');
  return join(dir, folder);
}

describe('findOpenvino', () => {
  it('looks where pip puts it, and where an active python3 is on the PATH', () => {
    const lib = library(
      'venv/lib/python3.12/site-packages/openvino/libs',
      'libopenvino_c.so.2641',
      'libopenvino.so.2641',
    );
    library('venv/bin', 'python3');
    const path = join(lib, 'libopenvino_c.so.2641');
    expect(findOpenvino({ VIRTUAL_ENV: join(dir, 'venv') }).path).toBe(path);
    expect(findOpenvino({ PATH: `/nowhere:${join(dir, 'venv/bin')}` }).path).toBe(path);
  });

  it('takes what is named and nothing else: the folder of the library, or that of an installation', () => {
    const wheel = library('wheel', 'libopenvino_c.so.2641');
    const archive = library('archive/runtime/lib/intel64', 'libopenvino_c.so', 'libopenvino_c.so.2600');
    const path = join(archive, 'libopenvino_c.so');
    expect(findOpenvino({ CALIB_OPENVINO_HOME: join(dir, 'archive'), LD_LIBRARY_PATH: wheel }).path).toBe(path);
    expect(findOpenvino({ CALIB_OPENVINO_LIBDIR: archive, CALIB_OPENVINO_HOME: wheel }).path).toBe(path);
    expect(findOpenvino({ CALIB_OPENVINO_LIBDIR: path }).path).toBe(path);
    expect(findOpenvino({ CALIB_OPENVINO_LIBDIR: join(dir, 'mistyped'), LD_LIBRARY_PATH: wheel })).toEqual({
      path: null,
      folders: [join(dir, 'mistyped')],
    });
  });

  it("uses the installation of OpenVINO's own setupvars.sh", () => {
    const archive = library('archive/runtime/lib/intel64', 'libopenvino_c.so');
    expect(findOpenvino({ INTEL_OPENVINO_DIR: join(dir, 'archive') }).path).toBe(join(archive, 'libopenvino_c.so'));
  });
});

describe('saturatesInInt8', () => {
  it('is true on x86-64 without VNNI, and only if the processor is known', () => {
    const flags = (...names: readonly string[]): string => `processor : 0\nflags\t\t: fpu avx2 ${names.join(' ')}\n`;
    expect(saturatesInInt8('x64', flags('avx512f'))).toBe(true);
    expect(['avx512_vnni', 'avx_vnni', 'amx_int8'].map((name) => saturatesInInt8('x64', flags(name)))).toEqual(
      Array(3).fill(false),
    );
    expect([saturatesInInt8('arm64', flags()), saturatesInInt8('x64', '')]).toEqual([false, false]);
  });
});

describe('kernelType', () => {
  it('is the type at the end of the name', () => {
    expect(['brgconv_avx512_I8', 'jit_avx2_1x1_I8', 'jit_uni_i8', 'ref_u8'].map(kernelType)).toEqual(
      Array(4).fill('int8'),
    );
    expect(['gemm_mlas_f32', 'jit_avx2_FP32'].map(kernelType)).toEqual(['fp32', 'fp32']);
    expect(['brgemm_avx512_f16', 'brgemm_avx512_bf16', 'undef'].map(kernelType)).toEqual(['fp16', 'other', 'other']);
  });
});
