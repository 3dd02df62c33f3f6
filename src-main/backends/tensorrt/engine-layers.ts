import { throwIfAborted } from '../../../src-shared/base/errors';
import { parseEngineLayers, type EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import type { EngineVariant } from '../runnable-variant';
import { closeOnAbort, dynamicShapes, loadEngine, profileOf, type InputShapes } from './engine-session';
import { translatedAsync } from './runtime';

export interface InspectTask {
  /** Shapes of the inputs that have dynamic sizes. */
  readonly shapes: InputShapes;
  readonly runs: number;
  /** Names of the layers of the model that the engine was built from. */
  readonly onnxLayers: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** The layers of an engine in order of execution, with the median time of each over `runs` runs, in milliseconds. */
export async function inspectEngine(
  variant: EngineVariant,
  { shapes, runs, onnxLayers, signal }: InspectTask,
): Promise<EngineLayer[]> {
  const engine = await loadEngine(variant);
  try {
    const layers = parseEngineLayers(engine.inspect(), onnxLayers);
    const runner = await translatedAsync(
      engine.createRunner({
        profile: profileOf(engine, shapes),
        shapes: dynamicShapes(engine, shapes),
        streams: 1,
      }),
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
