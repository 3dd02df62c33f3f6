import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Graph, Model, Node } from '../graph/model';
import { checkOpset, defaultOpset, isDefaultDomain, isOp, nodeLabel } from '../graph/opset';
import { subgraphsOf } from '../graph/subgraphs';
import { HALF_QDQ_OPSET, raiseOpset } from './raise-opset';
import { PREPARED_OPSET, upgradeOpset } from './upgrade-opset';

/** Operators whose meaning, not only the types they take, changed between opset 19 and 26 (ONNX's Changelog.md). */
const CHANGED_LATER = ['GridSample', 'DFT', 'GroupNormalization'];

/** The version that parts of a model with these versions of the default operator set are brought to. */
export function commonOpset(versions: readonly number[]): number {
  const [first = 0] = versions;
  if (versions.every((version) => version === first)) return first;
  const upgraded = versions.map((version) => Math.max(version, PREPARED_OPSET));
  if (upgraded.every((version) => version === PREPARED_OPSET)) return PREPARED_OPSET;
  return Math.max(HALF_QDQ_OPSET, ...upgraded);
}

/**
 * The model with another version of the default operator set, one that commonOpset chose, and the same function.
 * @param what subject of messages, such as `the model`
 * @throws WorkbenchError 'model-unsupported' naming the node that cannot be brought there
 */
export function atOpset(model: Model, version: number, what: string): Model {
  if (defaultOpset(model) === version) return model;
  checkOpset(model);
  const upgraded = upgradeOpset(model, []);
  const raised = defaultOpset(upgraded) < version ? raiseOpset(upgraded) : upgraded;
  const found = defaultOpset(raised);
  if (found === version) return raised;
  const changed = firstChanged(raised.graph);
  if (changed)
    throw new WorkbenchError(
      'model-unsupported',
      `${nodeLabel(changed)} of ${what} is of opset ${found}, other parts of the file are of opset ${version}, where ` +
        'the operator means something else',
      { hint: 'Export the model again with one operator set for the model and its functions.' },
    );
  const opsetImport = raised.opsetImport.map((entry) =>
    isDefaultDomain(entry.domain) ? { ...entry, version } : entry,
  );
  return { ...raised, opsetImport };
}

function firstChanged(graph: Graph): Node | undefined {
  for (const node of graph.node) {
    if (isOp(node, ...CHANGED_LATER)) return node;
    for (const inner of subgraphsOf(node)) {
      const found = firstChanged(inner);
      if (found) return found;
    }
  }
  return undefined;
}
