import { defined } from '../../../src-shared/base/assert';
import type { Feed } from '../../backends/feeds';
import {
  explainFailure,
  OrtSession,
  outputOf,
  tensorOf,
  type NamedTensor,
  type OrtTensor,
} from '../../backends/ort-session';
import type { OutputTensor } from '../../backends/runnable-variant';
import { BoundedCache } from './bounded-cache';
import {
  sessionBytes,
  type ProgramStep,
  type SegmentStructure,
  type StepInput,
  type TrialProgram,
} from './trial-program';

export interface ProgramRunnerOptions {
  /** Folder of the external weights. */
  readonly weightsDir: string;
  /** Q/DQ run in float arithmetic; see OrtSessionOptions. */
  readonly simulate: boolean;
  /** Inputs that are images whose size the model leaves open. */
  readonly resizable: readonly string[];
  /** Limit of the values that are kept between runs. */
  readonly valueBytes: number;
  /** Limit of the sessions that are kept open, with the memory that they are estimated to hold. */
  readonly sessionBytes: number;
}

/** The values of one run's inputs, and a name for them: equal names mean equal values. */
export interface ProgramFeeds {
  readonly id: string;
  /** Called at most once, and only if a segment reads an input: most trials begin behind values that are kept. */
  readonly feeds: () => readonly Feed[];
  /** The number of images that they are made of. */
  readonly images: number;
}

/**
 * Runs programs in one thread. Values that a later program will need again (see `kept`) are kept in memory, and
 * sessions stay open, both up to a limit. What was dropped is computed again: the results are the same.
 */
export class ProgramRunner {
  private readonly structures = new Map<string, SegmentStructure>();
  private readonly sessions: BoundedCache<OrtSession>;
  private readonly values: BoundedCache<OrtTensor>;
  /** The scales of a step are the same for all images of a request. */
  private readonly scales = new WeakMap<ProgramStep, readonly NamedTensor[]>();
  private readonly closing: Promise<void>[] = [];
  /** Sessions that were opened, segments that were run, and what they are of runs of the whole model. */
  readonly clock = { openMs: 0, opens: 0, segments: 0, passes: 0 };

  constructor(private readonly options: ProgramRunnerOptions) {
    this.sessions = new BoundedCache(options.sessionBytes, (session) => void this.closing.push(session.close()));
    this.values = new BoundedCache(options.valueBytes);
  }

  define(structures: readonly SegmentStructure[]): void {
    for (const structure of structures) this.structures.set(structure.id, structure);
  }

  /**
   * @param kept steps whose outputs are kept for later runs.
   * @returns the outputs of the program in its order.
   * @throws WorkbenchError model-unsupported with ONNX Runtime's own message when it refuses a segment or its values
   */
  async run(
    program: TrialProgram,
    { id, feeds: makeFeeds, images }: ProgramFeeds,
    kept: ReadonlySet<number>,
  ): Promise<OutputTensor[]> {
    let made: readonly Feed[] | null = null;
    const feeds = (): readonly Feed[] => (made ??= makeFeeds());
    const found = new Map<string, OrtTensor>();
    const pending: number[] = [];
    const request = (input: StepInput): void => {
      if ('feed' in input) return;
      const key = valueKey(program, input);
      if (found.has(key)) return;
      const known = this.values.get(`${key} ${id}`);
      if (known) found.set(key, known);
      else pending.push(input.step);
    };
    // From the outputs back to the values that are known.
    const steps = new Set<number>();
    for (const { from } of program.outputs) request(from);
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      if (steps.has(step)) continue;
      steps.add(step);
      for (const input of stepOf(program, step).inputs) request(input);
    }
    const valueOf = (input: StepInput): OrtTensor => {
      if ('feed' in input)
        return tensorOf(
          defined(
            feeds().find(({ name }) => name === input.feed),
            `every input of the model is fed: ${input.feed}`,
          ),
        );
      return defined(found.get(valueKey(program, input)), 'steps run in the order of the program');
    };
    for (const index of [...steps].sort((a, b) => a - b)) {
      const step = stepOf(program, index);
      this.clock.passes += step.share * images;
      const outputs = await this.runStep(step, step.inputs.map(valueOf), feeds);
      for (const [output, tensor] of outputs.entries()) {
        const key = valueKey(program, { step: index, output });
        found.set(key, tensor);
        if (kept.has(index)) this.values.put(`${key} ${id}`, tensor, tensor.data.length * bytesPerValue(tensor));
      }
    }
    return program.outputs.map(({ name, from }) => outputOf(name, valueOf(from)));
  }

  async close(): Promise<void> {
    this.sessions.clear();
    this.values.clear();
    await Promise.all(this.closing);
  }

  private async runStep(
    step: ProgramStep,
    inputs: readonly OrtTensor[],
    feeds: () => readonly Feed[],
  ): Promise<readonly OrtTensor[]> {
    const structure = defined(this.structures.get(step.structure), 'structures are defined before they are used');
    const session = await this.sessionOf(structure);
    let scales = this.scales.get(step);
    if (scales === undefined) this.scales.set(step, (scales = scaleTensors(structure, step)));
    const named = structure.inputs.map((name, i): NamedTensor => [name, defined(inputs[i], 'one value per input')]);
    this.clock.segments++;
    try {
      return await session.runTensors([...named, ...scales], structure.outputs);
    } catch (error) {
      throw explainFailure(error, feeds(), (input) => this.options.resizable.includes(input));
    }
  }

  private async sessionOf(structure: SegmentStructure): Promise<OrtSession> {
    const known = this.sessions.get(structure.id);
    if (known) return known;
    const startedAt = performance.now();
    const session = await OrtSession.open({
      model: structure.bytes,
      weightsDir: this.options.weightsDir,
      threads: 1,
      simulate: this.options.simulate,
      hasFp16: structure.hasFp16,
    });
    this.sessions.put(structure.id, session, sessionBytes(1, structure.weightBytes));
    await Promise.all(this.closing.splice(0));
    this.clock.openMs += performance.now() - startedAt;
    this.clock.opens++;
    return session;
  }
}

function scaleTensors({ scales }: SegmentStructure, step: ProgramStep): NamedTensor[] {
  return scales.map(({ name, isHalf }, i): NamedTensor => {
    const value = step.scales[i] ?? 0;
    return [
      name,
      tensorOf(
        isHalf
          ? { name, dtype: 'float16', dims: [], data: Uint16Array.of(value) }
          : { name, dtype: 'float32', dims: [], data: Float32Array.of(value) },
      ),
    ];
  });
}

function stepOf(program: TrialProgram, index: number): ProgramStep {
  return defined(program.steps[index], 'a program refers to its own steps');
}

function valueKey(program: TrialProgram, { step, output }: { readonly step: number; readonly output: number }): string {
  return `${stepOf(program, step).key}:${output}`;
}

function bytesPerValue({ data }: OrtTensor): number {
  return ArrayBuffer.isView(data) && 'BYTES_PER_ELEMENT' in data ? data.BYTES_PER_ELEMENT : 8;
}
