import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  finishRecords,
  type UnfinishedRecord,
  withoutIneffective,
} from '../../../src-shared/domain/measures/task-records';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { OTHER_SIZE, type ReferenceAnswer, type TrialAnswer } from '../../analysis/trials';
import type { OutputTensor } from '../../backends/runnable-variant';
import type { TrialImages } from './trial-images';
import type { TrialModels } from './trial-models';
import type { SharedReference, UnfinishedAnswer } from './trial-protocol';
import type { TrialWorkers } from './trial-workers';

/** FP32's answers to the images in use, with which the answers of trials are compared. */
export class TrialReference {
  readonly answers: ReferenceAnswer[] = [];
  /** Names of the compared outputs, in the order of `noise` and `signal`. */
  outputNames: readonly string[] = [];
  /** See Trials. */
  readonly varying = new Set<number>();
  /** FP32's embeddings, one entry per image. */
  private vectors: readonly (Float32Array | null)[] = [];

  constructor(
    private readonly params: { readonly feeding: Feeding; readonly task: Task | null },
    private readonly used: TrialImages,
  ) {}

  /**
   * Runs FP32 on the images in use, and gives its answers to all workers.
   * @param onImages called with the number of images that were run
   * @throws WorkbenchError images-empty
   */
  async measure(models: TrialModels, workers: TrialWorkers, onImages: (count: number) => void): Promise<void> {
    this.answers.length = 0;
    const outputs: (readonly OutputTensor[])[] = [];
    const records: (UnfinishedRecord | null)[] = [];
    const boxes = new Map<number, readonly TruthBox[]>();
    await workers.each([() => models.reference()], this.used.slots, async (worker, program, { chunks, positions }) => {
      const found = await workers.request(worker, 'reference', { ...workers.send(worker, program), chunks });
      for (const [i, answer] of found.answers.entries()) {
        const { record, ...reference } = answer;
        const image = positions[i] ?? 0;
        this.answers[image] = reference;
        records[image] = record;
        outputs[image] = found.outputs[i] ?? [];
        boxes.set(this.used.slots[image] ?? 0, found.boxes[i] ?? []);
      }
      onImages(positions.length);
    });
    this.leaveOutUnanswered(outputs, records);
    this.keepReference(records);
    this.outputNames = (outputs[0] ?? []).flatMap(({ name, data }) => (data ? [name] : []));
    this.findVarying(outputs);
    await workers.threads.runOnAll('share', { outputs: sharedReference(outputs, this.used.slots), boxes });
  }

  /** Completes the answers of a trial to images `at`, and drops what no score depends on. */
  finish(answers: readonly UnfinishedAnswer<TrialAnswer>[], at: readonly number[]): TrialAnswer[] {
    const finished = withoutIneffective(
      finishRecords(
        this.params.task,
        answers.map(({ record }) => record),
        at.map((image) => this.vectors[image] ?? null),
        this.labelsOf(at),
      ),
    );
    return answers.map(({ noise, top1 }, i): TrialAnswer => {
      const record = finished[i] ?? null;
      return { noise, top1, ...(record === null ? {} : { record }) };
    });
  }

  /** An output whose size differs from that of FP32 in an answer is not compared by its values. */
  addVarying(answers: readonly TrialAnswer[]): void {
    for (const { noise } of answers)
      for (const [output, error] of noise.entries()) if (error === OTHER_SIZE) this.varying.add(output);
  }

  /** The outputs whose sizes differ among the images, unless the sizes of the inputs do, too. */
  private findVarying(outputs: readonly (readonly OutputTensor[])[]): void {
    const { inputs } = this.params.feeding;
    if (inputs.some(({ dims }) => dims.some((dim) => typeof dim !== 'number' && 'image' in dim))) return;
    const lengths = outputs.map((own) => own.flatMap(({ data }) => (data ? [data.length] : [])));
    for (const own of lengths)
      for (const [output, length] of own.entries()) if (length !== lengths[0]?.[output]) this.varying.add(output);
  }

  /**
   * Images for which FP32 itself gives NaN or infinity cannot be used to judge a trial. They are skipped and reported.
   */
  private leaveOutUnanswered(outputs: (readonly OutputTensor[])[], records: (UnfinishedRecord | null)[]): void {
    for (let i = this.used.images.length - 1; i >= 0; i--) {
      if (this.answers[i]?.signal.every(Number.isFinite)) continue;
      this.used.leaveOut(i, UNANSWERED);
      for (const list of [this.answers, outputs, records]) list.splice(i, 1);
    }
    if (this.used.images.length === 0) {
      throw new WorkbenchError('images-empty', ALL_UNANSWERED, {
        hint: advise('validate-fp32'),
      });
    }
  }

  /** Completes FP32's own answers, with which those of trials are compared. */
  private keepReference(records: readonly (UnfinishedRecord | null)[]): void {
    this.vectors = records.map((own) => (own?.kind === 'vector' ? own.vector : null));
    const finished = finishRecords(this.params.task, records, this.vectors, this.labelsOf([...records.keys()]));
    for (const [i, record] of finished.entries()) {
      const reference = this.answers[i];
      if (reference && record !== null) this.answers[i] = { ...reference, record };
    }
  }

  private labelsOf(at: readonly number[]): number[] {
    return at.map((image) => this.used.images[image]?.label ?? -1);
  }
}

const UNANSWERED = 'The output of the FP32 model contains NaN or infinity';
const ALL_UNANSWERED = 'The outputs of the FP32 model contain NaN or infinity for every image';

/**
 * Copies FP32's outputs into memory that all workers share: one block per output, with the values of all images. Their
 * sizes may differ from image to image.
 * @param outputs one list per image; every list has the same outputs in the same order.
 * @param slots one per image.
 */
export function sharedReference(
  outputs: readonly (readonly OutputTensor[])[],
  slots: readonly number[],
): SharedReference['outputs'] {
  const bySlot = new Map<number, OutputTensor[]>(slots.map((slot) => [slot, []]));
  for (const [index] of (outputs[0] ?? []).entries()) {
    const total = outputs.reduce((sum, own) => sum + lengthOf(own[index]), 0);
    const values = new SharedArrayBuffer(total * 4);
    let at = 0;
    for (const [i, own] of outputs.entries()) {
      const output = own[index];
      if (!output) continue;
      const length = lengthOf(output);
      bySlot.get(slots[i] ?? 0)?.push(inBlock(output, { values, at, length }));
      at += length;
    }
  }
  return bySlot;
}

function lengthOf(output: OutputTensor | undefined): number {
  return (output?.data ?? output?.integers)?.length ?? 0;
}

function inBlock(
  { name, dims, data, integers }: OutputTensor,
  { values, at, length }: { readonly values: SharedArrayBuffer; readonly at: number; readonly length: number },
): OutputTensor {
  if (data !== null) {
    const copy = new Float32Array(values, at * 4, length);
    copy.set(data);
    return { name, dims, data: copy };
  }
  if (integers === undefined) return { name, dims, data };
  const copy = new Int32Array(values, at * 4, length);
  copy.set(integers);
  return { name, dims, data, integers: copy };
}
