import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { GRID_PREFIX_BYTES, headerLength, parseGridHeader, type TensorrtGridHeader } from './tensorrt-grid-file';

/** The file of a finished collection of TensorRT's grid, in the folder of the calibration. */
export const TENSORRT_GRID_FILE = 'tensorrt-grid.bin';

/** The stored TensorRT grid without its counts; null if none was collected, or another version collected it. */
export function readTensorrtGrid(calibrationDir: string): TensorrtGridHeader | null {
  const path = join(calibrationDir, TENSORRT_GRID_FILE);
  if (!existsSync(path)) return null;
  try {
    const prefix = readRange(path, 0, GRID_PREFIX_BYTES);
    const header = parseGridHeader(readRange(path, GRID_PREFIX_BYTES, headerLength(prefix, path)), path);
    return header.thresholds === null ? null : header;
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'calibration-mismatch') return null;
    throw error;
  }
}

/** The facts about a collected grid that are part of a result. */
export function gridSummary(header: TensorrtGridHeader): { readonly batch: number; readonly names: number } {
  return { batch: header.batch, names: header.thresholds?.length ?? header.tensors.length };
}

function readRange(path: string, offset: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  const file = openSync(path, 'r');
  try {
    const found = readSync(file, bytes, 0, length, offset);
    return bytes.subarray(0, found);
  } finally {
    closeSync(file);
  }
}
