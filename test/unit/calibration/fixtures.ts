import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { REPO_ROOT } from '../../support/shared';

export function fixture(name: string): string {
  return join(REPO_ROOT, 'test/fixtures/images', name);
}

/** A golden vector; the caller names its type. */
export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(fixture(name), 'utf8'));
}

export function entryOf(path: string, record: number | null = null): ImageEntry {
  return { path, file: path.split('/').at(-1) ?? path, label: null, group: null, record };
}

export function inputOf(
  channels: number,
  width: number,
  height: number,
  layout: ImageInput['layout'] = 'nchw',
): ImageInput {
  return { name: 'input', fixedBatch: null, channels, height, width, layout };
}

/** Pixels as they are: no resize, values 0..255. */
export const PLAIN: Preprocessing = {
  resize: { kind: 'none' },
  crop: null,
  order: 'rgb',
  scale: 1,
  mean: [0],
  std: [1],
  layout: 'nchw',
};
