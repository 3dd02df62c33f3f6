import { existsSync, readFileSync } from 'node:fs';
import type { NativeAddon } from '../../../native/index';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { loadAddon } from '../addon';
import { findOpenvino, HOME_VARIABLE, LIBDIR_VARIABLE } from './find-library';

/** The only device that is used: its kernels are part of every installation. */
export const OPENVINO_DEVICE = 'CPU';

/** OpenVINO of this machine, with the processor that it runs on. */
export interface OpenvinoRuntime {
  readonly addon: NativeAddon;
  readonly libraryPath: string;
  /** For example `2026.4.1-22982-e213a147257-releases/2026/4`. */
  readonly version: string;
  readonly deviceName: string;
  /** Whether FP16 is computed in FP16; if not, in FP32 with values that were rounded to FP16. */
  readonly hasFp16: boolean;
  /** See `saturatesInInt8`. */
  readonly saturates: boolean;
}

let opened: OpenvinoRuntime | null = null;

/**
 * Opens OpenVINO on first use.
 * @throws WorkbenchError backend-unavailable if the library is missing, too old or does not work
 */
export function openOpenvino(): OpenvinoRuntime {
  opened ??= open();
  return opened;
}

function open(): OpenvinoRuntime {
  const { path, folders } = findOpenvino();
  const hint = advise('install-openvino', { variable: LIBDIR_VARIABLE });
  if (path === null)
    throw new WorkbenchError('backend-unavailable', `No libopenvino_c.so was found in ${whereText(folders)}`, { hint });
  const addon = loadAddon();
  try {
    const { version, deviceName, capabilities } = addon.openvinoStatus(path, OPENVINO_DEVICE);
    return {
      addon,
      libraryPath: path,
      version,
      deviceName,
      hasFp16: /\bFP16\b/.test(capabilities),
      saturates: saturatesInInt8(process.arch, existsSync(CPUINFO) ? readFileSync(CPUINFO, 'utf8') : ''),
    };
  } catch (error) {
    throw new WorkbenchError('backend-unavailable', error instanceof Error ? error.message : String(error), {
      hint,
      cause: error,
    });
  }
}

const CPUINFO = '/proc/cpuinfo';

/**
 * Whether the INT8 kernels of this processor add two products in 16 bits and saturate, as those for x86-64 without VNNI
 * do (cifar_resnet20: 12 dB at the output in place of 31).
 * @param cpuinfo what /proc/cpuinfo says; empty: not known
 */
export function saturatesInInt8(arch: string, cpuinfo: string): boolean {
  return (
    arch === 'x64' && /^flags\s*:/m.test(cpuinfo) && !/\b(avx512_vnni|avx_vnni|avx_vnni_int8|amx_int8)\b/.test(cpuinfo)
  );
}

function whereText(folders: readonly string[]): string {
  const variable = [LIBDIR_VARIABLE, HOME_VARIABLE].find((name) => ownValue(process.env, name));
  if (variable !== undefined) return `${ownValue(process.env, variable) ?? ''}, which ${variable} names`;
  return `${folders.length} folders (${folders.slice(0, 4).join(', ')}, ...)`;
}

/** Waits for OpenVINO; what it refuses becomes a WorkbenchError model-unsupported with its message. */
export async function translatedAsync<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'runtime-failed') throw error;
    throw new WorkbenchError('model-unsupported', shortened(error.message), { cause: error });
  }
}

/** Lines of OpenVINO's messages that name places in its source say nothing to users. */
function shortened(message: string): string {
  const [head = '', ...lines] = message.split('\n').map((line) => line.trim());
  const begin = head.replace(/Exception from \S+$/, '').trim();
  const told = lines.filter((line) => line !== '' && !/^(Exception from|Check .* failed at) /.test(line));
  return [begin, ...told].join(' ').trim();
}
