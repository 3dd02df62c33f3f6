import { statSync } from 'node:fs';
import sharp from 'sharp';
import type { Picture, PreprocessingPreview } from '../../src-shared/contract/api';
import type { TaskContext } from '../../src-shared/contract/progress';
import { benchmark } from '../backends/benchmark';
import { onnxruntimeVersion } from '../base/package-info';
import * as pictures from '../calibration/pictures';
import { loadAddon } from './addon';
import { calibrate } from './calibrate';
import { entryPath } from './entry-path';
import { evaluate } from './evaluate';
import { merge } from './merge-shards';
import { prepare } from './prepare';
import type { BenchParams, ComputeMethods, PreviewParams, ThumbnailParams, VersionsResult } from './protocol';
import { explain, rewrite } from './rewrite';

type Handlers = {
  readonly [M in keyof ComputeMethods]: (params: ComputeMethods[M]['params'], context: TaskContext) => Promise<ComputeMethods[M]['result']>;
};

/** What the compute process can do, by method. */
export const HANDLERS: Handlers = { prepare, calibrate, merge, rewrite, explain, evaluate, thumbnail, preview, bench, versions };

function thumbnail(params: ThumbnailParams): Promise<Picture> {
  return pictures.thumbnail(params.entry, params.size, params.preprocessing, params.input);
}

function preview(params: PreviewParams): Promise<PreprocessingPreview> {
  return pictures.preview(params.entry, params.preprocessing, params.input);
}

async function bench(params: BenchParams, context: TaskContext): Promise<ComputeMethods['bench']['result']> {
  const variants = params.variants.map((variant) => ({
    ...variant,
    sizeMb: params.sizesMb[variant.variant] ?? statSync(variant.modelPath).size / 1e6,
  }));
  return benchmark({ ...params, variants, hostPath: entryPath('bench-host') }, context);
}

async function versions(): Promise<VersionsResult> {
  return {
    node: process.versions.node,
    onnxruntime: onnxruntimeVersion(),
    addon: loadAddon().version(),
    sharp: sharp.versions.sharp ?? 'unknown',
  };
}
