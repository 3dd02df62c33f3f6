import type { LayerId } from '../../../src-shared/base/brand';
import {
  MAX_DLA_REGIONS,
  type DlaLayer,
  type DlaMap,
  type DlaRegion,
  type DlaTransition,
} from '../../../src-shared/domain/engines/dla-map';
import type { Precision } from '../../../src-shared/domain/project/precision';
import type { Model, Node } from '../../onnx/graph/model';
import { staticShapes } from '../../onnx/graph/static-shapes';
import { DLA_SOURCE, dlaRefusal, equalScales, isFp16Only, type DlaContext } from '../rules/dla-rules';
import { graphFacts, type GraphFacts } from '../rules/graph-facts';
import type { Refusal } from '../rules/refusals';

/**
 * Plans a prepared model for DLA with fallback to the GPU: the device of every layer with the reason, the regions that
 * DLA runs as one program, the tensors that change the device, and those that need a scale. The rules are documented
 * limits; they were not compared with a DLA.
 * @param precisionOf what the plan asks of a layer; FP32 does not exist on DLA.
 */
export function placeForDla(model: Model, precisionOf: (layer: LayerId) => Precision): DlaMap {
  const facts = graphFacts(model);
  const context: DlaContext = { facts, shapes: staticShapes(model.graph) };
  const nodes = facts.nodes.filter((node) => !node.output.every((name) => name === '' || facts.isConstant(name)));
  const refusals = new Map(nodes.map((node) => [node, refusalOf(node, context, precisionOf)]));
  const onDla = new Set(nodes.filter((node) => refusals.get(node) === null));
  const precision = (node: Node): DlaRegion['precision'] =>
    isFp16Only(node) || precisionOf(node.name as LayerId) !== 'int8' ? 'fp16' : 'int8';
  const regions = findRegions(nodes, facts, { onDla, precision });
  const int8 = nodes.filter((node) => onDla.has(node) && precision(node) === 'int8');
  const transitions = findTransitions(nodes, facts, onDla);
  return {
    isVerifiedOnHardware: false,
    source: DLA_SOURCE,
    layers: nodes.map((node): DlaLayer => {
      const { name: layer, opType: op } = node;
      const refusal = refusals.get(node) ?? null;
      if (refusal !== null) return { layer, op, device: 'gpu', ...refusal, region: null };
      const reason = `within the documented limits of DLA; runs in ${precision(node).toUpperCase()}`;
      return { layer, op, device: 'dla', code: 'dla', reason, region: regions.indexOf.get(node) ?? null };
    }),
    regions: regions.list,
    transitions,
    scales: [...new Set(int8.flatMap((node) => [...node.input, ...node.output]))].filter((name) =>
      facts.isActivation(name),
    ),
    sharedScales: joined(int8.map((node) => equalScales(node, context)).filter((group) => group.length > 1)),
    notes: notesOf(model, regions.list.length),
  };
}

function refusalOf(node: Node, context: DlaContext, precisionOf: (layer: LayerId) => Precision): Refusal | null {
  if (precisionOf(node.name as LayerId) === 'fp32')
    return { code: 'dla-fp32', reason: 'the plan keeps it in FP32, which DLA does not have' };
  return dlaRefusal(node, context);
}

interface OnDla {
  readonly onDla: ReadonlySet<Node>;
  readonly precision: (node: Node) => DlaRegion['precision'];
}

/**
 * Connected layers of one precision with the same number of changes of device or precision behind them. Layers with
 * different numbers are kept apart, because a region that a path leaves and enters again could not run as one program.
 */
function findRegions(
  nodes: readonly Node[],
  facts: GraphFacts,
  { onDla, precision }: OnDla,
): { readonly list: readonly DlaRegion[]; readonly indexOf: ReadonlyMap<Node, number> } {
  const kind = (node: Node): string => (onDla.has(node) ? precision(node) : 'gpu');
  const level = new Map<Node, number>();
  const regionOf = new Map<Node, Node[]>();
  for (const node of nodes) {
    const sources = node.input.flatMap((name) => facts.producer(name) ?? []).filter((source) => level.has(source));
    const own = Math.max(
      0,
      ...sources.map((source) => (level.get(source) ?? 0) + (kind(source) === kind(node) ? 0 : 1)),
    );
    level.set(node, own);
    if (!onDla.has(node)) continue;
    const neighbours = sources.filter((source) => kind(source) === kind(node) && level.get(source) === own);
    const merged = [...new Set(neighbours.flatMap((source) => regionOf.get(source) ?? [])), node];
    for (const member of merged) regionOf.set(member, merged);
  }
  const distinct = [
    ...new Set(
      nodes.flatMap((node) => {
        const region = regionOf.get(node);
        return region ? [region] : [];
      }),
    ),
  ];
  return {
    list: distinct.map((region) => ({
      precision: precision(region[0] as Node),
      layers: nodes.filter((node) => region.includes(node)).map(({ name }) => name),
    })),
    indexOf: new Map(distinct.flatMap((region, i) => region.map((node) => [node, i] as const))),
  };
}

/** One for each tensor and device that reads it, apart from where it was written. */
function findTransitions(nodes: readonly Node[], facts: GraphFacts, onDla: ReadonlySet<Node>): DlaTransition[] {
  const device = (node: Node): 'dla' | 'gpu' => (onDla.has(node) ? 'dla' : 'gpu');
  return nodes.flatMap((node) =>
    node.output.flatMap((tensor): DlaTransition[] => {
      const from = device(node);
      const to = from === 'dla' ? 'gpu' : 'dla';
      return facts.uses(tensor).some((use) => device(use.node) === to) ? [{ tensor, from, to }] : [];
    }),
  );
}

/** Groups without those that share a tensor with another one: they become one group. */
function joined(groups: readonly (readonly string[])[]): string[][] {
  const groupOf = new Map<string, Set<string>>();
  for (const group of groups) {
    const all = new Set(group.flatMap((name) => [...(groupOf.get(name) ?? [name])]));
    for (const name of all) groupOf.set(name, all);
  }
  return [...new Set(groupOf.values())].map((group) => [...group]);
}

function notesOf({ graph }: Model, regions: number): string[] {
  const isOpen = graph.input.some(({ tensorType }) => tensorType?.shape?.[0]?.kind === 'param');
  return [
    'The rules are documented limits; they were not compared with a DLA.',
    ...(isOpen ? ['DLA needs a fixed batch: minimum, usual and maximum of the profile must be equal.'] : []),
    ...(regions > MAX_DLA_REGIONS
      ? [`${regions} regions: a core of DLA holds ${MAX_DLA_REGIONS} programs at the same time.`]
      : []),
  ];
}
