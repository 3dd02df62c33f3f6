import { parseEngineLayers, type EngineLayer } from '../../../src-shared/domain/engine-layers';
import type { EngineVariant } from '../runnable-variant';
import { loadEngine, profileOf, shapesAt } from './engine-session';
import { translatedAsync } from './runtime';

/** The layers of an engine in order of execution, with the mean time of each over `runs` runs. */
export async function inspectEngine(variant: EngineVariant, batch: number, runs: number, onnxLayers: readonly string[]): Promise<EngineLayer[]> {
  const engine = await loadEngine(variant);
  try {
    const layers = parseEngineLayers(engine.inspect(), onnxLayers);
    const runner = await translatedAsync(engine.createRunner({ profile: profileOf(engine, batch), shapes: shapesAt(engine, batch), streams: 1 }));
    try {
      const times = new Map((await translatedAsync(runner.profileLayers(runs))).map(({ name, meanMs }) => [name, meanMs]));
      return layers.map((layer) => ({ ...layer, meanMs: times.get(layer.name) ?? null }));
    } finally {
      runner.close();
    }
  } finally {
    engine.close();
  }
}
