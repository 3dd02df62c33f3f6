import type { Engine } from '../../../native/tensorrt';
import { PROFILE_POINTS, type ProfilePoint } from '../../../src-shared/domain/engines/shape-profiles';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { InputShapes } from './engine-session';

/** Shapes of the inputs with open sizes, and the profile that they are run with. */
export interface TimedShapes {
  readonly profile: number;
  readonly shapes: InputShapes;
}

export interface TimedPoint extends TimedShapes {
  readonly at: ProfilePoint;
}

type EngineProfiles = Pick<Engine, 'io' | 'profiles'>;

/**
 * What an engine is timed with at a batch size: the usual shapes of the first profile that is tuned for this batch,
 * else of the first one that allows it, with this batch; null if no profile allows it. An engine without open sizes has
 * no shapes.
 */
export function shapesForBatch(engine: EngineProfiles, feeding: Feeding, batch: number): TimedShapes | null {
  const profiles = Array.from({ length: engine.profiles }, (_, profile) => profile);
  const batched = batchedInput(engine, feeding);
  const range = (profile: number) => batched?.profileShapes?.[profile];
  const allows = (profile: number): boolean =>
    batched === undefined || ((range(profile)?.min[0] ?? 0) <= batch && batch <= (range(profile)?.max[0] ?? 0));
  const profile = profiles.find((i) => range(i)?.opt[0] === batch) ?? profiles.find(allows);
  if (profile === undefined) return null;
  const usual = shapesAt(engine, profile, 'opt');
  const withBatch = Object.entries(usual).map(([name, dims]): [string, readonly number[]] => [
    name,
    hasBatch(feeding, name) ? [batch, ...dims.slice(1)] : dims,
  ]);
  return { profile, shapes: Object.fromEntries(withBatch) };
}

/**
 * The smallest, usual and largest shapes of the profiles that are tuned for a batch size; none for a profile that
 * allows one shape only.
 */
export function profilePoints(engine: EngineProfiles, feeding: Feeding, batch: number): TimedPoint[] {
  const batched = batchedInput(engine, feeding);
  return Array.from({ length: engine.profiles }, (_, profile) => profile)
    .filter((profile) => batched === undefined || batched.profileShapes?.[profile]?.opt[0] === batch)
    .flatMap((profile) => {
      const points = PROFILE_POINTS.map((at) => ({ profile, at, shapes: shapesAt(engine, profile, at) }));
      return new Set(points.map(({ shapes }) => JSON.stringify(shapes))).size === 1 ? [] : points;
    });
}

function openInputs({ io }: EngineProfiles): EngineProfiles['io'] {
  return io.filter(({ isInput, shape }) => isInput && shape.includes(-1));
}

/** The first input with open sizes that has a batch axis. */
function batchedInput(engine: EngineProfiles, feeding: Feeding): EngineProfiles['io'][number] | undefined {
  return openInputs(engine).find(({ name }) => hasBatch(feeding, name));
}

function hasBatch({ inputs }: Feeding, name: string): boolean {
  return inputs.some((input) => input.name === name && input.hasBatch);
}

function shapesAt(engine: EngineProfiles, profile: number, at: ProfilePoint): InputShapes {
  return Object.fromEntries(
    openInputs(engine).map(({ name, shape, profileShapes }) => [name, profileShapes?.[profile]?.[at] ?? shape]),
  );
}
