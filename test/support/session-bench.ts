import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageHash, loadImageSet, setManifestHash } from '../../src-main/calibration/images/image-set';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import { generatedOnnx } from './generated-onnx';
import { createRandom } from './random';
import { writeTinyImages } from './tiny-project';

export { createWorkbench } from '../../src-main/app/create-workbench';

/** Writes `generated.onnx` with `layers` layers and a folder `images` into `dir`. */
export async function writeGeneratedProject(
  dir: string,
  { layers, images }: { readonly layers: number; readonly images: number },
): Promise<void> {
  await writeModel(generatedOnnx(layers), join(dir, 'generated.onnx'));
  await writeTinyImages(join(dir, 'images'), images);
}

/** Writes `records.npy` of float32 records into `dir`: shape [records, 1, 1, values]. */
export function writeRecords(
  dir: string,
  { records, values }: { readonly records: number; readonly values: number },
): void {
  const random = createRandom(3);
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${records}, 1, 100, ${values / 100}), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  const data = Float32Array.from({ length: records * values }, random);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'records.npy'), Buffer.concat([prefix, Buffer.from(padded), Buffer.from(data.buffer)]));
}

/** Hashes a set as a run and its health checks do: the whole set once, and every image of it once. */
export async function hashRecords(path: string): Promise<void> {
  const set = await loadImageSet({ path });
  await setManifestHash(set);
  for (const entry of set.entries) await imageHash(entry);
}
