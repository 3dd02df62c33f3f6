import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Model, Node } from './model';

export const MIN_OPSET = 7;
/** The operator sets that ONNX Runtime 1.30 supports. */
export const MAX_OPSET = 26;
export const MAX_IR_VERSION = 13;

/** True for both names of the default domain. */
export function isDefaultDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** The node is an operator of the default domain with that type. */
export function isOp(node: Node, ...opTypes: readonly string[]): boolean {
  return isDefaultDomain(node.domain) && opTypes.includes(node.opType);
}

/** Version of the default operator set; 0 when the model imports none. */
export function defaultOpset(model: Model): number {
  return Math.max(
    0,
    ...model.opsetImport.filter((opset) => isDefaultDomain(opset.domain)).map((opset) => opset.version),
  );
}

/** @throws WorkbenchError 'model-unsupported' for an operator set outside 7..26. */
export function checkOpset(model: Model): number {
  const opset = defaultOpset(model);
  if (opset >= MIN_OPSET && opset <= MAX_OPSET) return opset;
  const found = opset === 0 ? 'no operator set of the domain ai.onnx' : `opset ${opset}`;
  throw new WorkbenchError(
    'model-unsupported',
    `Expected an ONNX operator set (opset) from ${MIN_OPSET} to ${MAX_OPSET}, found ${found}`,
    {
      hint:
        opset > MAX_OPSET
          ? `Export the model again with opset_version=${MAX_OPSET} or lower.`
          : `Export the model again with opset_version=17.`,
    },
  );
}

/** How messages name a node: `Conv "conv1"`, or by its output when it has no name. */
export function nodeLabel(node: Node): string {
  return node.name === '' ? `${node.opType} (output "${node.output[0] ?? ''}")` : `${node.opType} "${node.name}"`;
}

/** @throws WorkbenchError 'model-unsupported' above 13. */
export function checkIrVersion(irVersion: number): void {
  if (irVersion <= MAX_IR_VERSION) return;
  throw new WorkbenchError(
    'model-unsupported',
    `Expected an ONNX file of IR version ${MAX_IR_VERSION} or lower, which ONNX Runtime reads, found IR version ${irVersion}`,
    {
      hint:
        'Export the model again with an older version of the onnx package, or set ir_version of the file to the ' +
        'one of its operator set.',
    },
  );
}
