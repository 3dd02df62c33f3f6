import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import {
  decodeGridFile,
  encodeGridFile,
  type TensorrtGridFile,
} from '../../../src-main/calibration/tensorrt/tensorrt-grid-file';
import { readTensorrtGrid, TENSORRT_GRID_FILE } from '../../../src-main/calibration/tensorrt/tensorrt-grid-store';

const dir = mkdtempSync(join(tmpdir(), 'calib-grid-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file: TensorrtGridFile = {
  header: {
    key: 'k',
    batch: 32,
    firstImages: ['a.png', 'ü.png#3'],
    tensors: ['x', 'y'],
    thresholds: [{ name: 'x', kind: 'activation', amax: 1.5, entropy: 1.25, entropyIndex: 2000 }],
  },
  records: [Uint8Array.of(1, 2, 3), Uint8Array.of()],
};

function stored(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(dir, 'c-'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, TENSORRT_GRID_FILE), bytes);
  return folder;
}

it('reads what it writes', () => {
  const found = decodeGridFile(encodeGridFile(file), 'f');
  expect(found.header).toEqual(file.header);
  expect(found.records.map((record) => [...record])).toEqual([[1, 2, 3], []]);
});

it('refuses every truncation, anything behind the end and other files, naming the file', () => {
  const bytes = encodeGridFile(file);
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeGridFile(bytes.subarray(0, length), 'some.bin'), `${length} bytes`).toThrow(/some\.bin/);
  expect(() => decodeGridFile(Buffer.concat([bytes, Buffer.alloc(1)]), 'f')).toThrow(/goes on behind its grids/);
  const other = bytes.slice();
  other[8] = 9;
  expect(() => decodeGridFile(other, 'f')).toThrow(/format version 9/);
});

it('answers thresholds from its header alone; an unfinished or broken file counts as none', () => {
  expect(readTensorrtGrid(stored(encodeGridFile(file)))).toEqual(file.header);
  expect(
    readTensorrtGrid(stored(encodeGridFile({ ...file, header: { ...file.header, thresholds: null } }))),
  ).toBeNull();
  expect(readTensorrtGrid(stored(Buffer.from('something else entirely')))).toBeNull();
  expect(readTensorrtGrid(dir)).toBeNull();
});
