import { WorkbenchError } from '../../../src-shared/base/errors';

/**
 * TensorRT's calibration cache (used up to TensorRT 10): a header line, then lines `name: hex`, where hex is the
 * big-endian IEEE-754 float32 of the scale (threshold / 127). Names may contain colons, so a line is split at its last
 * ": ".
 */
export interface CalibrationCache {
  /** `TRT-100600-EntropyCalibration2`, for example. */
  readonly header: string;
  readonly entries: readonly CacheEntry[];
}

export interface CacheEntry {
  readonly name: string;
  /** float32 */
  readonly scale: number;
}

const HEADER = /^TRT-\d+-(EntropyCalibration2|EntropyCalibration|MinMaxCalibration|LegacyCalibration)\s*$/;
const SEPARATOR = ': ';
const MAX_CACHE_BYTES = 256 * 1024 * 1024;

/** @throws WorkbenchError cache-invalid with `path` and the line. */
export function parseCalibrationCache(text: string, path: string): CalibrationCache {
  if (text.length > MAX_CACHE_BYTES) throw invalid(path, 1, `is larger than ${MAX_CACHE_BYTES} characters`);
  const lines = text.split(/\r?\n/);
  const header = lines[0]?.trim() ?? '';
  if (!HEADER.test(header)) {
    throw invalid(
      path,
      1,
      `begins with "${header.slice(0, 60)}" and not with a line like "TRT-100600-EntropyCalibration2"`,
    );
  }
  const entries: CacheEntry[] = [];
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.trim() === '') continue;
    const at = line.lastIndexOf(SEPARATOR);
    const hex = line.slice(at + SEPARATOR.length).trim();
    if (at <= 0 || !/^[0-9a-fA-F]{8}$/.test(hex))
      throw invalid(path, i + 1, `"${line.slice(0, 80)}" is not "name: eight hex digits"`);
    entries.push({ name: line.slice(0, at), scale: floatFromHex(hex) });
  }
  return { header, entries };
}

export function formatCalibrationCache(cache: CalibrationCache): string {
  return `${cache.header}\n${cache.entries.map((entry) => `${entry.name}${SEPARATOR}${hexFromFloat(entry.scale)}\n`).join('')}`;
}

function floatFromHex(hex: string): number {
  return Buffer.from(hex, 'hex').readFloatBE(0);
}

function hexFromFloat(scale: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(scale);
  return bytes.toString('hex');
}

function invalid(path: string, line: number, what: string): WorkbenchError {
  return new WorkbenchError(
    'cache-invalid',
    `Expected a TensorRT calibration cache, but ${path} line ${line} ${what}`,
    {
      hint:
        'Name the text file that a TensorRT calibrator wrote (writeCalibrationCache), not an engine or a ' +
        'timing cache.',
    },
  );
}
