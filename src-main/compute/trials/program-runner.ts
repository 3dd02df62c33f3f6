import { defined } from '../../../src-shared/base/assert';
import { blockedModel } from '../../backends/blocked-model';
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
import type { Dims } from '../../onnx/graph/static-shapes';
import { BoundedCache } from './bounded-cache';
import { ReusedBuffers } from './reused-buffers';
import {
  blank,
  byteLengthOf,
  copied,
  detached,
  isSame,
  layoutOf,
  parts,
  stacked,
  type TensorLayout,
} from './stacked-tensors';
import {
  BLOCK_WEIGHT_BYTES,
  sessionBytes,
  type ProgramStep,
  type SegmentStructure,
  type StepInput,
  type TrialProgram,
} from './trial-program';

/** Programs whose values are compared, and the runs on which they are. */
const CHECKED_PROGRAMS = 2;
const CHECKED_RUNS = 3;
/** To make blockedModel takes 20 to 60 ms, and it saves a fifth of the time of a segment. */
const BLOCK_AFTER_MS = 150;

/** Limits of what a worker keeps between runs, in bytes. */
export interface KeptBytes {
  readonly valueBytes: number;
  /** Of the sessions that are kept open, with the memory that they are estimated to hold. */
  readonly sessionBytes: number;
}

export interface ProgramRunnerOptions extends KeptBytes {
  /** Folder of the external weights. */
  readonly weightsDir: string;
  /** Q/DQ run in float arithmetic; see OrtSessionOptions. */
  readonly simulate: boolean;
  /** Sizes of tensors for one run, as far as they are known. */
  readonly shapes: ReadonlyMap<string, Dims>;
  /** Time in a segment after which its faster form is made (blockedModel). */
  readonly blockAfterMs?: number;
  /** Inputs that are images whose size the model leaves open. */
  readonly resizable: readonly string[];
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
  private readonly sessions: BoundedCache<OpenSegment>;
  private readonly values: BoundedCache<OrtTensor>;
  /** The scales of a step are the same for all images of a request. */
  private readonly scales = new WeakMap<ProgramStep, readonly NamedTensor[]>();
  private readonly closing: Promise<void>[] = [];
  private readonly checked = new Set<string>();
  private stacking: 'equal' | 'differs' = 'equal';
  /** Whether the faster forms of segments gave the same bits so far. */
  private blocking: 'equal' | 'differs' = 'equal';
  private readonly buffers = new ReusedBuffers();
  /** Structure and sizes of its inputs -> its outputs; null: their sizes depend on the values. */
  private readonly layouts = new Map<string, readonly TensorLayout[] | null>();
  /** Ids of structures without a faster form. */
  private readonly unblocked = new Set<string>();
  /** Sessions that were opened, segments that were run, and what they are of runs of the whole model. */
  readonly clock = { openMs: 0, opens: 0, segments: 0, passes: 0 };

  constructor(private readonly options: ProgramRunnerOptions) {
    this.sessions = new BoundedCache(options.sessionBytes, ({ session }) => void this.closing.push(session.close()));
    this.values = new BoundedCache(options.valueBytes);
  }

  keep({ valueBytes, sessionBytes: limitBytes }: KeptBytes): void {
    this.values.limit(valueBytes);
    this.sessions.limit(limitBytes);
  }

  define(structures: readonly SegmentStructure[]): void {
    for (const structure of structures) this.structures.set(structure.id, structure);
  }

  /**
   * Runs a program on the inputs of several runs. Steps that can compute several of them in one call do so, if that
   * gives the same bits; see `stacks`.
   * @param kept steps whose outputs are kept for later runs.
   * @returns for each run the outputs of the program in its order.
   * @throws WorkbenchError model-unsupported with ONNX Runtime's own message when it refuses a segment or its values
   */
  async run(
    program: TrialProgram,
    runs: readonly ProgramFeeds[],
    kept: ReadonlySet<number>,
  ): Promise<OutputTensor[][]> {
    try {
      return await this.runSteps(program, runs, kept);
    } finally {
      this.buffers.release();
    }
  }

  private async runSteps(
    program: TrialProgram,
    runs: readonly ProgramFeeds[],
    kept: ReadonlySet<number>,
  ): Promise<OutputTensor[][]> {
    const stacks = await this.stacks(program, runs);
    const states = runs.map((own) => this.begin(program, own));
    for (const index of program.steps.keys()) {
      const needing = states.filter(({ steps }) => steps.has(index));
      const together = stacks ? stepOf(program, index).together : 1;
      for (let from = 0; from < needing.length; from += together)
        await this.runStep(program, index, { states: needing.slice(from, from + together), isKept: kept.has(index) });
    }
    return states.map((state) =>
      program.outputs.map(({ name, from }) => outputOf(name, valueOf(program, state, from))),
    );
  }

  async close(): Promise<void> {
    this.sessions.clear();
    this.values.clear();
    await Promise.all(this.closing);
  }

  /** From the outputs of a program back to the values that are known. */
  private begin(program: TrialProgram, { id, feeds, images }: ProgramFeeds): RunState {
    let made: readonly Feed[] | null = null;
    const state: RunState = {
      id,
      images,
      feeds: () => (made ??= feeds()),
      found: new Map(),
      steps: new Set(),
    };
    const pending: number[] = [];
    const request = (input: StepInput): void => {
      if ('feed' in input) return;
      const key = valueKey(program, input);
      if (state.found.has(key)) return;
      const known = this.values.get(`${key} ${id}`);
      if (known) state.found.set(key, known);
      else pending.push(input.step);
    };
    for (const { from } of program.outputs) request(from);
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      if (state.steps.has(step)) continue;
      state.steps.add(step);
      for (const input of stepOf(program, step).inputs) request(input);
    }
    return state;
  }

  private async runStep(
    program: TrialProgram,
    index: number,
    { states, isKept }: { readonly states: readonly RunState[]; readonly isKept: boolean },
  ): Promise<void> {
    const step = stepOf(program, index);
    const structure = defined(this.structures.get(step.structure), 'structures are defined before they are used');
    let scales = this.scales.get(step);
    if (scales === undefined) this.scales.set(step, (scales = scaleTensors(structure, step)));
    const named = structure.inputs.map((name, i): NamedTensor => {
      const input = defined(step.inputs[i], 'one value per input');
      const values = states.map((state) => valueOf(program, state, input));
      return [name, stacked(values, this.buffers)];
    });
    this.clock.segments++;
    // The outputs of the program outlive the run.
    const isResult = program.outputs.some(({ from }) => 'step' in from && from.step === index);
    const inputs = [...named, ...scales];
    const outputs = await this.outputsOf(structure, inputs, !isResult).catch((error: unknown) => {
      throw explainFailure(error, states[0]?.feeds() ?? [], (input) => this.options.resizable.includes(input));
    });
    for (const [output, tensor] of outputs.entries()) {
      const key = valueKey(program, { step: index, output });
      for (const [i, own] of parts(tensor, states.length).entries()) {
        const state = defined(states[i], 'one part for each run');
        const value = isKept ? (isResult ? detached(own) : copied(own)) : own;
        state.found.set(key, value);
        if (isKept) this.values.put(`${key} ${state.id}`, value, byteLengthOf(value));
      }
    }
    for (const { images } of states) this.clock.passes += step.share * images;
  }

  /**
   * Whether steps may compute several runs in one call. ONNX Runtime has other kernels for other sizes, and a model may
   * mix images. The first two programs, FP32 and a quantized one, are therefore run both ways: all values that are
   * handed from step to step must be the same, bit by bit.
   */
  private async stacks(program: TrialProgram, runs: readonly ProgramFeeds[]): Promise<boolean> {
    if (runs.length < 2 || program.steps.every(({ together }) => together < 2)) return false;
    const identity = program.outputs.map(({ from }) => valueName(program, from)).join(' ');
    if (this.stacking === 'differs' || this.checked.size >= CHECKED_PROGRAMS || this.checked.has(identity))
      return this.stacking !== 'differs';
    this.checked.add(identity);
    const passesBefore = this.clock.passes;
    const values = async (list: readonly ProgramFeeds[]): Promise<RunState[]> => {
      const states = list.map(({ id, feeds, images }): RunState => {
        const steps = new Set(program.steps.keys());
        return { id, images, feeds, found: new Map(), steps };
      });
      for (const index of program.steps.keys()) await this.runStep(program, index, { states, isKept: false });
      return states;
    };
    try {
      const some = runs.slice(0, CHECKED_RUNS);
      const together = await values(some);
      for (const [i, run] of some.entries()) {
        const [alone] = await values([run]);
        const isEqual = [...(alone?.found ?? [])].every(([key, value]) => {
          const other = together[i]?.found.get(key);
          return other !== undefined && isSame(value, other);
        });
        if (!isEqual) this.stacking = 'differs';
      }
    } catch {
      // If it does not run alone either, the run that follows says so.
      this.stacking = 'differs';
    } finally {
      this.clock.passes = passesBefore;
    }
    return this.stacking !== 'differs';
  }

  /** @param reuses whether the outputs are needed until the end of the run only. */
  private async outputsOf(
    structure: SegmentStructure,
    inputs: readonly NamedTensor[],
    reuses: boolean,
  ): Promise<OrtTensor[]> {
    const segment = await this.segmentOf(structure);
    const startedAt = performance.now();
    const outputs = await (reuses
      ? this.runInto(segment.session, structure, inputs)
      : segment.session.runTensors(inputs, structure.outputs));
    segment.spentMs += performance.now() - startedAt;
    if (this.isWorthBlocking(structure, segment)) await this.block(structure, inputs, outputs);
    return outputs;
  }

  /** Runs a session that writes its outputs into reused memory, if their sizes are known. */
  private async runInto(
    session: OrtSession,
    { id, outputs }: SegmentStructure,
    inputs: readonly NamedTensor[],
  ): Promise<OrtTensor[]> {
    const key = `${id} ${inputs.map(([, { dims }]) => dims.join('x')).join(' ')}`;
    const layouts = this.layouts.get(key);
    if (layouts) {
      try {
        const into = layouts.map((layout) => blank(layout, this.buffers));
        return await session.runTensors(inputs, outputs, into);
      } catch {
        // ONNX Runtime refuses tensors of another size. Any other error comes again.
        this.layouts.set(key, null);
      }
    }
    const found = await session.runTensors(inputs, outputs);
    if (layouts === undefined) this.layouts.set(key, found.map(layoutOf));
    return found;
  }

  private isWorthBlocking(
    { id, mayBlock, weightBytes }: SegmentStructure,
    { isBlocked, spentMs }: OpenSegment,
  ): boolean {
    if (!this.options.simulate || !mayBlock || weightBytes > BLOCK_WEIGHT_BYTES) return false;
    if (isBlocked || this.blocking === 'differs' || this.unblocked.has(id)) return false;
    return spentMs >= (this.options.blockAfterMs ?? BLOCK_AFTER_MS);
  }

  /**
   * Opens the faster form of a segment for later runs, if it gives the same bits on these inputs. If ONNX Runtime
   * cannot write this form, the segment stays as it is: the results are the same.
   */
  private async block(
    structure: SegmentStructure,
    inputs: readonly NamedTensor[],
    outputs: readonly OrtTensor[],
  ): Promise<void> {
    const { id, bytes, hasFp16, weightBytes } = structure;
    const { weightsDir, shapes } = this.options;
    this.unblocked.add(id);
    await this.opening(async () => {
      const model = await blockedModel({ model: bytes, preparedDir: weightsDir, hasFp16, shapes });
      const session = await this.open(structure, model);
      const found = await session.runTensors(inputs, structure.outputs).catch(async (error: unknown) => {
        await session.close();
        throw error;
      });
      if (outputs.every((tensor, i) => found[i] !== undefined && isSame(tensor, found[i]))) {
        this.unblocked.delete(id);
        this.sessions.put(id, { session, isBlocked: true, spentMs: 0 }, sessionBytes(1, weightBytes));
      } else {
        this.blocking = 'differs';
        await session.close();
      }
    }).catch(() => undefined);
  }

  private async segmentOf(structure: SegmentStructure): Promise<OpenSegment> {
    const { id, bytes, weightBytes } = structure;
    const known = this.sessions.get(id);
    if (known) return known;
    return this.opening(async () => {
      const segment = { session: await this.open(structure, bytes), isBlocked: false, spentMs: 0 };
      this.sessions.put(id, segment, sessionBytes(1, weightBytes));
      return segment;
    });
  }

  /** Counts the time that it takes to open a session. */
  private async opening<T>(body: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const opened = await body();
    await Promise.all(this.closing.splice(0));
    this.clock.openMs += performance.now() - startedAt;
    this.clock.opens++;
    return opened;
  }

  private open({ bytes, hasFp16 }: SegmentStructure, model: Uint8Array): Promise<OrtSession> {
    const { weightsDir, simulate } = this.options;
    return OrtSession.open({ model, weightsDir, threads: 1, simulate, hasFp16, asWritten: model !== bytes });
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

interface OpenSegment {
  readonly session: OrtSession;
  /** As blockedModel makes it. */
  readonly isBlocked: boolean;
  /** In its runs. */
  spentMs: number;
}

/** One run of a program. */
interface RunState {
  readonly id: string;
  readonly images: number;
  readonly feeds: () => readonly Feed[];
  /** The values so far, by valueKey. */
  readonly found: Map<string, OrtTensor>;
  /** The steps that have to run. */
  readonly steps: Set<number>;
}

function valueOf(program: TrialProgram, { feeds, found }: RunState, input: StepInput): OrtTensor {
  if (!('feed' in input)) return defined(found.get(valueKey(program, input)), 'steps run in the order of the program');
  const feed = feeds().find(({ name }) => name === input.feed);
  return tensorOf(defined(feed, `every input of the model is fed: ${input.feed}`));
}

function valueName(program: TrialProgram, from: StepInput): string {
  return 'feed' in from ? from.feed : valueKey(program, from);
}

function stepOf(program: TrialProgram, index: number): ProgramStep {
  return defined(program.steps[index], 'a program refers to its own steps');
}

function valueKey(program: TrialProgram, { step, output }: { readonly step: number; readonly output: number }): string {
  return `${stepOf(program, step).key}:${output}`;
}
