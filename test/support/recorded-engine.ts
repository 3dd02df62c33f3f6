import { mkdirSync, writeFileSync } from 'node:fs';
import { artifactPaths } from '../../src-main/app/projects/artifact-paths';
import {
  ENGINE_RECORD_VERSION,
  enginePathIn,
  writeEngineRecord,
  type TensorrtEngineRecord,
} from '../../src-main/app/variants/engine-record';
import { DEFAULT_TENSORRT_OPTIONS } from '../../src-shared/domain/engines/tensorrt-options';

/** The folder of a new TensorRT engine with a record in a project; the engine's content is `key`. */
export async function recordedEngine(
  projectDir: string,
  key: string,
  fields: Partial<TensorrtEngineRecord> = {},
): Promise<string> {
  const dir = artifactPaths(projectDir).engineDir(key);
  mkdirSync(dir, { recursive: true });
  writeFileSync(enginePathIn(dir), key);
  await writeEngineRecord(dir, {
    version: ENGINE_RECORD_VERSION,
    backend: 'tensorrt',
    target: 'tensorrt',
    variant: 'mixed',
    recipe: 'r',
    asked: {},
    tensorrt: '10.6.0',
    gpu: 'g',
    options: DEFAULT_TENSORRT_OPTIONS,
    sha256: '0'.repeat(64),
    sizeBytes: 1,
    seconds: 1,
    log: [],
    summary: { layers: { int8: 0, fp16: 0, fp32: 0, other: 0 }, reformats: 0, totalMs: null, reformatMs: null },
    createdAt: '2026-01-01T00:00:00.000Z',
    ...fields,
  });
  return dir;
}
