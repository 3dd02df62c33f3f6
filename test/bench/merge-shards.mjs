// Time and peak memory of `calib merge` for 10, 100 and 1000 shards. One shard of the sample is collected; the others
// are copies with other names of images. Every merge is a fresh process. Usage: node test/bench/merge-shards.mjs
// [COUNTS]. Prints one JSON document.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const sample = join(root, 'resources/sample');
const counts = (process.argv[2] ?? '10,100,1000').split(',').map(Number);
const work = mkdtempSync(join(tmpdir(), 'calib-merge-'));

function calib(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`calib ${args[0]} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The shard with other names of images, as part `index` of `count`; see histogram-file for the format. */
function copyShard(bytes, marker, { index, count, folder }) {
  const headerBytes = bytes.readUInt32LE(12);
  const header = JSON.parse(bytes.toString('utf8', 16, 16 + headerBytes));
  const images = header.images.map((id) => `${index}/${id}`);
  const text = Buffer.from(JSON.stringify({ ...header, images, shard: { index, count } }));
  const prefix = Buffer.from(bytes.subarray(0, 16));
  prefix.writeUInt32LE(text.length, 12);
  const copy = Buffer.concat([prefix, text, bytes.subarray(16 + headerBytes)]);
  const path = join(folder, `calibrate-${index}-of-${count}.shard`);
  writeFileSync(path, copy);
  const sha256 = createHash('sha256').update(copy).digest('hex');
  writeFileSync(`${path}.json`, JSON.stringify({ ...marker, sha256, shard: { index, count } }));
}

try {
  const project = join(work, 'p.calib');
  calib('init', join(sample, 'plate_chars.onnx'), '--calibration', join(sample, 'calibration'), '-o', project);
  const { shardPath, images, tensors } = calib('calibrate', project, '--shard', '1/20');
  const bytes = readFileSync(shardPath);
  const marker = JSON.parse(readFileSync(`${shardPath}.json`, 'utf8'));
  const rows = counts.map((count) => {
    const folder = join(work, `shards-${count}`);
    mkdirSync(folder);
    for (let index = 1; index <= count; index++) copyShard(bytes, marker, { index, count, folder });
    const copy = join(work, `p-${count}.calib`);
    cpSync(project, copy, { recursive: true });
    const merged = calib('merge', copy, folder);
    rmSync(folder, { recursive: true });
    return {
      shards: count,
      images: merged.images,
      seconds: merged.seconds,
      millisecondsPerShard: (1000 * merged.seconds) / count,
      peakRssMb: merged.peakRssMb,
    };
  });
  console.log(JSON.stringify({ imagesPerShard: images, tensors, bytesPerShard: bytes.length, rows }, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
