import type { Node } from '../../onnx/graph/model';
import type { GradientScope } from './gradient-scope';

/** What a rule gets: a node and the gradients of the loss with respect to its outputs. */
export interface RuleInput {
  readonly node: Node;
  /** One per output; null: the loss does not depend on it. At least one is a name. */
  readonly gradients: readonly (string | null)[];
  /** The gradient of the first output, on which the loss depends. */
  readonly gradient: string;
  /** Whether the gradient of an input is needed. */
  readonly isWanted: (slot: number) => boolean;
  readonly scope: GradientScope;
}

/**
 * Adds the nodes that compute the gradients of a node's inputs.
 * @returns one name per input; null, or a shorter list, for inputs without a gradient or whose gradient is not wanted.
 *   null instead of the list: the rule does not cover these attributes or inputs.
 */
export type GradientRule = (input: RuleInput) => readonly (string | null)[] | null;
