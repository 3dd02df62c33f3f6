import type { MetricOutput } from './user-metric';

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const ALIGNMENT = 64;

/** The bytes of a .npy file (version 1.0, little-endian, C order) with float32 or int32 values. */
export function npyBytes({ dims, data }: MetricOutput): Buffer {
  const type = data instanceof Float32Array ? '<f4' : '<i4';
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`;
  const start = MAGIC.length + 2;
  const padding = ALIGNMENT - ((start + dictionary.length + 1) % ALIGNMENT);
  const header = Buffer.from(`${dictionary}${' '.repeat(padding % ALIGNMENT)}\n`, 'latin1');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([MAGIC, length, header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
