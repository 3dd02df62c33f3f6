import { closeSync, copyFileSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadImageSet } from '../../../src-main/calibration/images/image-set';
import { countRecords, NpyReader } from '../../../src-main/calibration/images/npy-file';
import { sharedDir, sharedPath } from '../../support/shared';
import { useTempDirs } from '../../support/temp-dir';
import { fixture } from './fixtures';

const tempDir = useTempDirs();

function npyHeader(shape: readonly number[], descr = '<f4'): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117) + '\n';
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 0, 0]);
  prefix.writeUInt16LE(text.length, 8);
  return Buffer.concat([prefix, Buffer.from(text, 'latin1')]);
}

interface Member {
  readonly packed: Buffer;
  readonly method: 0 | 8;
  /** What the directory claims. */
  readonly sizeBytes: number;
  readonly compressedBytes?: number;
  readonly offset?: number;
}

/** What the end record claims. */
interface Directory {
  readonly entries?: number;
  readonly offset?: number;
}

/** A zip archive of one member `x.npy` whose directory says what the member says. */
function zipOf(
  { packed, method, sizeBytes, compressedBytes = packed.length, offset = 0 }: Member,
  { entries = 1, offset: directoryOffset }: Directory = {},
): Buffer {
  const name = Buffer.from('x.npy');
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(method, 8);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(compressedBytes, 20);
  central.writeUInt32LE(sizeBytes, 24);
  central.writeUInt16LE(name.length, 28);
  central.writeUInt32LE(offset, 42);
  const start = local.length + name.length + packed.length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(directoryOffset ?? start, 16);
  return Buffer.concat([local, name, packed, central, name, end]);
}

function file(name: string, bytes: Buffer): string {
  const path = join(tempDir(), name);
  writeFileSync(path, bytes);
  return path;
}

const refused = async (path: string, reason: RegExp): Promise<void> => {
  await expect(countRecords(path, 'x')).rejects.toMatchObject({
    code: 'image-invalid',
    message: expect.stringMatching(reason) as string,
  });
  await expect(new NpyReader().read(path, 'x', 0)).rejects.toMatchObject({
    code: 'image-invalid',
    message: expect.stringMatching(reason) as string,
  });
};

describe('array files that promise more than they hold', () => {
  it.each([
    ['a record of gigabytes', [1, 3, 30_000, 30_000]],
    ['one image of gigabytes', [3, 30_000, 30_000]],
    ['a billion records', [1_000_000_000, 1, 1, 1]],
    ['one record too many', [2, 1, 2, 2]],
  ])('%s', async (_name, shape) => {
    await refused(
      file('a.npy', Buffer.concat([npyHeader(shape), Buffer.alloc(16)])),
      /the header promises shape .* are there$/,
    );
    const member = Buffer.concat([npyHeader(shape), Buffer.alloc(16)]);
    await refused(
      file('a.npz', zipOf({ packed: member, method: 0, sizeBytes: member.length })),
      /the header promises shape/,
    );
    await refused(
      file('b.npz', zipOf({ packed: deflateRawSync(member), method: 8, sizeBytes: member.length })),
      /the header promises shape/,
    );
  });

  it('records of a sparse file are counted up to a limit, and one record has one', async () => {
    const many = file('many.npy', npyHeader([3_000_000_000, 1, 1, 1], '|u1'));
    truncateSync(many, 3_000_000_200);
    await refused(many, /expected at most 1\.00 M records in one array, found 3\.00 G/);
    const large = file('large.npy', npyHeader([1, 3, 30_000, 30_000]));
    truncateSync(large, 10_800_000_200);
    await refused(large, /expected records of at most 512 MB, found 10\.8 GB/);
  });

  it('archives whose directory lies about sizes and places', async () => {
    const array = Buffer.concat([npyHeader([2, 2]), Buffer.alloc(16)]);
    const packed = deflateRawSync(array);
    expect(await countRecords(file('good.npz', zipOf({ packed, method: 8, sizeBytes: array.length })), 'x')).toBeNull();
    await refused(
      file('size.npz', zipOf({ packed, method: 8, sizeBytes: 1.9e9 })),
      /claims 1\.90 GB, more than its .* can hold/,
    );
    await refused(
      file('stored.npz', zipOf({ packed: array, method: 0, sizeBytes: 1e9 })),
      /claims 1\.00 GB, more than its/,
    );
    await refused(
      file('beyond.npz', zipOf({ packed, method: 8, sizeBytes: array.length, offset: 1e6 })),
      /lies beyond the end of the archive/,
    );
    await refused(
      file('long.npz', zipOf({ packed, method: 8, sizeBytes: array.length, compressedBytes: 1e9 })),
      /lies beyond the end of the archive/,
    );
    for (const directory of [{ offset: 200e6 }, { entries: 2 }])
      await refused(
        file('directory.npz', zipOf({ packed, method: 8, sizeBytes: array.length }, directory)),
        /the file is truncated/,
      );
  });

  it('an archive that would fill the memory', async () => {
    const zeros = Buffer.concat([npyHeader([100, 3, 512, 512]), Buffer.alloc(100 * 3 * 512 * 512 * 4)]);
    const packed = deflateRawSync(zeros, { level: 1 });
    expect(packed.length).toBeLessThan(zeros.length / 100);
    await refused(
      file('bomb.npz', zipOf({ packed, method: 8, sizeBytes: zeros.length })),
      /inflates .* to 315 MB; save it uncompressed/,
    );
  });

  it('are left out of a set by name, and the others stay', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'bad.npy'), npyHeader([1_000_000_000, 1, 1, 1]));
    copyFileSync(fixture('batch-f4.npy'), join(dir, 'good.npy'));
    const set = await loadImageSet({ path: dir });
    expect(set.entries).toHaveLength(3);
    expect(set.skipped).toEqual([
      { file: 'bad.npy', reason: expect.stringContaining('Cannot read bad.npy: the header promises') as string },
    ]);
  });
});

/** The ZIP64 records that end an archive of one member `x.npy` at offset 0 (zip specification 4.3.14 and 4.5.3). */
function zip64End(packedBytes: number, sizeBytes: number, method: 0 | 8, directoryOffset: number): Buffer {
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(0xffffffff, 20);
  central.writeUInt32LE(0xffffffff, 24);
  central.writeUInt16LE('x.npy'.length, 28);
  central.writeUInt16LE(28, 30);
  central.writeUInt32LE(0xffffffff, 42);
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(24, 2);
  extra.writeBigUInt64LE(BigInt(sizeBytes), 4);
  extra.writeBigUInt64LE(BigInt(packedBytes), 12);
  const directory = Buffer.concat([central, Buffer.from('x.npy'), extra]);
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(1n, 24);
  record.writeBigUInt64LE(1n, 32);
  record.writeBigUInt64LE(BigInt(directory.length), 40);
  record.writeBigUInt64LE(BigInt(directoryOffset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(directoryOffset + directory.length), 8);
  locator.writeUInt32LE(1, 16);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(0xffff, 8);
  end.writeUInt16LE(0xffff, 10);
  end.writeUInt32LE(0xffffffff, 12);
  end.writeUInt32LE(0xffffffff, 16);
  return Buffer.concat([directory, record, locator, end]);
}

function localHeader(method: 0 | 8): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(method, 8);
  local.writeUInt16LE('x.npy'.length, 26);
  return Buffer.concat([local, Buffer.from('x.npy')]);
}

describe('a ZIP64 archive', () => {
  const values = [1.5, -2, 0.25, 8];
  const array = Buffer.concat([npyHeader([1, 1, 2, 2]), Buffer.from(new Float32Array(values).buffer)]);

  it.each([0, 8] as const)('is read with zip method %i', async (method) => {
    const packed = method === 8 ? deflateRawSync(array) : array;
    const local = localHeader(method);
    const end = zip64End(packed.length, array.length, method, local.length + packed.length);
    const path = file('small.npz', Buffer.concat([local, packed, end]));
    expect(await countRecords(path, 'x')).toBe(1);
    expect(await new NpyReader().read(path, 'x', 0)).toEqual({
      shape: [1, 2, 2],
      values: { kind: 'floats', data: new Float32Array(values) },
    });
  });

  it('above 4 GB gives its last record', async () => {
    const header = npyHeader([1100, 1, 2000, 2000], '|u1');
    const sizeBytes = header.length + 1100 * 2000 * 2000;
    const local = localHeader(0);
    const directoryOffset = local.length + sizeBytes;
    const path = join(tempDir(), 'large.npz');
    const handle = openSync(path, 'w');
    // The bytes in between are a hole of a sparse file: zeros that take no space.
    writeSync(handle, Buffer.concat([local, header]), 0, null, 0);
    writeSync(handle, Buffer.from([7]), 0, 1, directoryOffset - 1);
    writeSync(handle, zip64End(sizeBytes, sizeBytes, 0, directoryOffset), 0, null, directoryOffset);
    closeSync(handle);
    expect(await countRecords(path, 'x')).toBe(1100);
    const { values: last } = await new NpyReader().read(path, 'x', 1099);
    expect([last.data.length, last.data[0], last.data.at(-1)]).toEqual([4_000_000, 0, 7]);
  });

  it('that claims more than the file holds is refused', async () => {
    const local = localHeader(0);
    const end = zip64End(array.length, 2 ** 40, 0, local.length + array.length);
    await refused(file('claims.npz', Buffer.concat([local, array, end])), /claims .* more than its .* can hold/);
    const beyond = zip64End(2 ** 40, 2 ** 40, 0, local.length + array.length);
    await refused(file('beyond.npz', Buffer.concat([local, array, beyond])), /lies beyond the end of the archive/);
    const moved = zip64End(array.length, array.length, 0, 2 ** 40);
    await refused(file('moved.npz', Buffer.concat([local, array, moved])), /truncated/);
  });
});

describe('an array file', () => {
  it('that is replaced between two reads gives its new records', async () => {
    const path = file('a.npy', Buffer.concat([npyHeader([1, 1, 1, 1]), Buffer.from(new Float32Array([1]).buffer)]));
    const reader = new NpyReader();
    expect((await reader.read(path, 'x', 0)).values.data).toEqual(new Float32Array([1]));
    writeFileSync(path, Buffer.concat([npyHeader([1, 1, 1, 2]), Buffer.from(new Float32Array([2, 3]).buffer)]));
    expect((await reader.read(path, 'x', 0)).values.data).toEqual(new Float32Array([2, 3]));
  });
});

describe.skipIf(sharedDir() === null)('the shared array files', () => {
  it.each(['npy-1e9-records-oom.npy', 'npy-3g-shape-sigabrt.npy', 'npy-43gb-record-rangeerror.npy'])(
    '%s is refused at once',
    async (name) => {
      await refused(sharedPath('cases/npy', name), /the header promises shape/);
    },
  );
});
