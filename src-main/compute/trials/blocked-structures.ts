import { blockedModel } from '../../backends/blocked-model';
import type { TrialModels } from './trial-models';
import type { SegmentStructure, TrialProgram } from './trial-program';

/** Segments with more weights are not written as optimized ones, which are kept in memory. */
const MAX_WEIGHT_BYTES = 2 ** 25;

/**
 * The segments of programs in their faster form, made once for all workers. A segment that ONNX Runtime cannot write in
 * this form runs as it is: the results are the same.
 */
export class BlockedStructures {
  private readonly made = new Map<string, Promise<void>>();
  private readonly ready = new Map<string, SegmentStructure>();

  constructor(private readonly models: TrialModels) {}

  async prepare(program: TrialProgram): Promise<void> {
    if (!this.models.simulates) return;
    for (const { structure } of program.steps) {
      if (!this.made.has(structure)) this.made.set(structure, this.make(this.models.structure(structure)));
      await this.made.get(structure);
    }
  }

  of(id: string): SegmentStructure {
    return this.ready.get(id) ?? this.models.structure(id);
  }

  private async make(structure: SegmentStructure): Promise<void> {
    const { id, bytes, hasFp16, mayBlock, weightBytes } = structure;
    if (!mayBlock || weightBytes > MAX_WEIGHT_BYTES) return;
    const { preparedDir, shapes } = this.models;
    const blocked = await blockedModel({ model: bytes, preparedDir, hasFp16, shapes }).catch(() => null);
    if (blocked !== null) this.ready.set(id, { ...structure, blocked });
  }
}
