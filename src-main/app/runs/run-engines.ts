import {
  RUN_ENGINES_VERSION,
  type RunEngines,
  type StoredEngine,
} from '../../../src-shared/domain/engines/stored-engines';
import type { EnginesView } from '../../../src-shared/contract/views';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import type { JobContext } from '../job-context';
import { prepared } from '../projects/workspace';
import { enginesView } from '../variants/engines-view';

/** What the engines of a run made of the layers of the model; null if the layers of none were timed. */
export async function runEngines(
  { benchmark, shipped }: Pick<RunRecord, 'benchmark' | 'shipped'>,
  job: JobContext,
): Promise<RunEngines | null> {
  if (benchmark === null) return null;
  const variants = new Set(benchmark.variants.map(({ variant, sameAs }) => sameAs ?? variant));
  const engines: StoredEngine[] = [];
  for (const variant of variants) {
    const { engine } = await enginesView(
      benchmark.backend === 'tensorrt' ? variant : `${benchmark.backend}:${variant}`,
      job,
    );
    // One that is not current was timed by another run.
    if (engine === null || !engine.isCurrent || engine.summary.totalMs === null) continue;
    engines.push({ ...engine, variant, layers: [...engine.layers] });
  }
  if (engines.length === 0) return null;
  const { graph } = await prepared(job.workspace, job.services.compute, job);
  const [first = ''] = shipped;
  const sameAs = benchmark.variants.find(({ variant }) => variant === first)?.sameAs;
  return {
    version: RUN_ENGINES_VERSION,
    shipped: sameAs ?? first,
    model: graph.node.map(({ name, opType, input, output }) => ({
      layer: name,
      op: opType,
      inputs: [...input],
      outputs: [...output],
    })),
    engines,
  };
}

/** The engines of a stored run; by default that of its shipped variant. */
export function enginesOfRun(stored: RunEngines | null, variant: string | undefined): EnginesView {
  if (stored === null) return { variants: [], engine: null };
  const { engines, shipped, model } = stored;
  const engine = engines.find((each) => each.variant === (variant ?? shipped));
  return {
    variants: engines.map((each) => each.variant),
    engine: engine === undefined ? null : { ...engine, isCurrent: true },
    model,
  };
}
