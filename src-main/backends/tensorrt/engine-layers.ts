import { throwIfAborted } from '../../../src-shared/base/errors';
import { parseEngineLayers, type EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import type { EngineVariant } from '../runnable-variant';
import { closeOnAbort, loadEngine, profileOf, shapesAt } from './engine-session';
import { translatedAsync } from './runtime';

export interface InspectTask {
  readonly batch: number;
  readonly runs: number;
  /** Names of the layers of the model that the engine was built from. */
  readonly onnxLayers: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** The layers of an engine in order of execution, with the median time of each over `runs` runs, in milliseconds. */
export async function inspectEngine(
  variant: EngineVariant,
  { batch, runs, onnxLayers, signal }: InspectTask,
): Promise<EngineLayer[]> {
  const engine = await loadEngine(variant);
  try {
    const layers = parseEngineLayers(engine.inspect(), onnxLayers);
    const runner = await translatedAsync(
      engine.createRunner({ profile: profileOf(engine, batch), shapes: shapesAt(engine, batch), streams: 1 }),
    );
    const stop = closeOnAbort(signal, () => runner.close());
    try {
      throwIfAborted(signal);
      const times = new Map(
        (await translatedAsync(runner.profileLayers(runs))).map(({ name, medianMs }) => [name, medianMs]),
      );
      return layers.map((layer) => ({ ...layer, medianMs: times.get(layer.name) ?? null }));
    } finally {
      stop();
      runner.close();
    }
  } finally {
    engine.close();
  }
}
