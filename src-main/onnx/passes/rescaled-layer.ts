import { object, oneOf, optional, string, type InferOutput } from '../../../src-shared/base/schema';
import type { Node } from '../graph/model';

export const rescaledLayerSchema = object({
  layer: string,
  op: string,
  /** The initializer that holds its weights, or the scale of a normalization. */
  weight: string,
  code: oneOf('equalized', 'not-equalized', 'smoothed', 'not-smoothed'),
  /** One sentence for a person. */
  reason: string,
  /** not-equalized and not-smoothed: the cause without names of layers. */
  cause: optional(string),
});
/** The change of the channels of one layer by equalization or smoothing, or the reason why it was not changed. */
export type RescaledLayer = InferOutput<typeof rescaledLayerSchema>;

/** Why the channels of a layer cannot be scaled. */
export interface RescalingRefusal {
  /** Without names, so that layers can be counted by it. */
  readonly cause: string;
  /** One sentence part that names what is in the way. */
  readonly reason: string;
}

/** Ends the search for what would have to be scaled together with a layer. */
export class Refused extends Error {
  /** @param why without names; @param where the layer that is in the way, when it is not the first one itself */
  constructor(
    private readonly why: string,
    private readonly where?: Node,
  ) {
    super(why);
  }

  get refusal(): RescalingRefusal {
    return { cause: this.why, reason: this.where === undefined ? this.why : `${this.why} (${this.where.name})` };
  }
}
