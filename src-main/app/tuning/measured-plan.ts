import { KernelLookup } from '../../../src-shared/domain/engines/kernel-lookup';
import { conversionsOf } from '../../../src-shared/domain/engines/kernel-times';
import type { MeasuredKernels } from '../../../src-shared/domain/engines/measured-kernels';
import type { PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../onnx/graph/model';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { measurementsOf } from '../../quantization/rules/measured-kernels';
import { findPartitions } from '../../quantization/rules/partitions';
import { tableHash, type TablesOfKind } from '../variants/kernel-times';

/** What tables know about the layers of a prepared model; null if they know none of them. */
export function measuredKernels(model: Model, tables: TablesOfKind): MeasuredKernels | null {
  const { gpu, tensorrt, own, shipped } = tables;
  const facts = graphFacts(model);
  const known = [own, shipped].flatMap((table) => (table === null ? [] : [table]));
  const batches = measurementsOf(facts, findPartitions(facts), {
    own: own && new KernelLookup(own),
    shipped: shipped && new KernelLookup(shipped),
    // What the user's GPU measured counts; the program's own table fills in for a GPU without engines.
    conversions: conversionsOf(own?.conversions === undefined ? (shipped ?? {}) : own),
  });
  return batches.length === 0 ? null : { gpu, tensorrt, table: tableHash(known), batches };
}

export function withMeasured(plan: PrecisionPlan, measured: MeasuredKernels | null): PrecisionPlan {
  if (measured !== null) return { ...plan, measured };
  const { measured: before, ...others } = plan;
  return before === undefined ? plan : others;
}
