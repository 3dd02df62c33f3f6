import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  formatImageHashes,
  parseImageHashes,
  readImageHashes,
  storedManifestHash,
} from '../../../src-main/calibration/images/image-hashes';
import { loadImageSet, setManifestHash } from '../../../src-main/calibration/images/image-set';
import { FileHashes } from '../../../src-main/base/file-hash';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { useTempDirs } from '../../support/temp-dir';

/** Seconds since 1970: the time of modification of all images. */
const TIME = 1_700_000_000;
const tempDir = useTempDirs();

describe('the hashes of a set', () => {
  const files = ['a.png', 'b.png', 'c.png'];
  let folder = '';
  let path = '';
  let set: ImageSet;

  beforeEach(async () => {
    const dir = tempDir();
    folder = join(dir, 'images');
    path = join(dir, 'project/hashes.txt');
    mkdirSync(folder);
    for (const file of files) {
      writeFileSync(join(folder, file), `content of ${file}`);
      utimesSync(join(folder, file), TIME, TIME);
    }
    set = await loadImageSet({ path: folder });
  });

  /** The manifest of a process that uses some of the images, and how many files it read. */
  const manifest = async (own: readonly string[]): Promise<readonly [string, number]> => {
    const hashes = new FileHashes();
    const entries = set.entries.filter(({ file }) => own.includes(file));
    const sha256 = await storedManifestHash({ set, path, own: entries }, {}, hashes);
    return [sha256, hashes.readCount];
  };
  /** Changes a file so that neither its size nor its time tells. */
  const changeSecretly = (file: string): void => {
    const image = join(folder, file);
    writeFileSync(image, 'CONTENT'.padEnd(statSync(image).size));
    utimesSync(image, TIME, TIME);
  };

  it('are stored, so that another process reads its own images only', async () => {
    const whole = await setManifestHash(set);
    expect(await manifest(files)).toEqual([whole, 3]);
    expect(await manifest(['b.png'])).toEqual([whole, 1]);
    expect(await manifest([])).toEqual([whole, 0]);
  });
  it('are read again for files that changed', async () => {
    await manifest(files);
    const bytes = readFileSync(path, 'utf8');
    writeFileSync(join(folder, 'c.png'), 'something else');
    const [changed, reads] = await manifest(['a.png']);
    expect(reads).toBe(2);
    expect(changed).toBe(await setManifestHash(set));
    expect(readFileSync(path, 'utf8')).not.toBe(bytes);
    expect(await manifest([])).toEqual([changed, 0]);
  });
  it('are not trusted any more when one of them is wrong', async () => {
    await manifest(files);
    const known = new Map(await readImageHashes(path));
    for (const file of ['b.png', 'c.png']) {
      const { bytes = 0, modifiedNs = 0n } = known.get(file) ?? {};
      known.set(file, { sha256: 'ab'.repeat(32), bytes, modifiedNs });
    }
    writeFileSync(path, formatImageHashes(known));
    const whole = await setManifestHash(set);
    expect(await manifest(['b.png'])).toEqual([whole, 3]);
    expect(await manifest([])).toEqual([whole, 0]);
  });
  it('hold a change that size and time do not show until a process reads the image', async () => {
    const [before] = await manifest(files);
    changeSecretly('b.png');
    expect(await manifest(['a.png'])).toEqual([before, 1]);
    const [after] = await manifest(['b.png']);
    expect(after).not.toBe(before);
    expect(await manifest(['a.png'])).toEqual([after, 1]);
  });
  it('keep those of images that only another selection uses', async () => {
    await manifest(files);
    set = { ...set, entries: set.entries.slice(0, 1) };
    writeFileSync(join(folder, 'a.png'), 'new');
    await manifest(['a.png']);
    expect([...(await readImageHashes(path)).keys()]).toEqual(files);
  });
  it('are not written if nothing is new', async () => {
    await manifest(files);
    const { mtimeNs } = statSync(path, { bigint: true });
    await manifest(['a.png']);
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
    expect(existsSync(path)).toBe(true);
  });
});

describe('a file of hashes', () => {
  const known = new Map([
    ['a "quoted"\nname.png', { sha256: '01'.repeat(32), bytes: 5, modifiedNs: 1_700_000_000_123_456_789n }],
    ['__proto__', { sha256: '23'.repeat(32), bytes: 0, modifiedNs: -1n }],
  ]);
  it('is read as it was written', () => {
    expect([...parseImageHashes(formatImageHashes(known))]).toEqual([...known].reverse());
    expect(parseImageHashes(formatImageHashes(new Map())).size).toBe(0);
  });
  it.each([
    ['of another format', (text: string) => text.replace('hashes 1', 'hashes 2')],
    ['that was cut off', (text: string) => text.slice(0, -1)],
    ['with a damaged line', (text: string) => text.replace('0101', '01G1')],
    ['with a name that is no text', (text: string) => text.replace('"__proto__"', '"\\x"')],
  ])('%s holds nothing', (_, damage) => {
    expect(parseImageHashes(damage(formatImageHashes(known))).size).toBe(0);
  });
});
