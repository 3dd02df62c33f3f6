import { object, oneOf, optional, string, type InferOutput } from '../../../src-shared/base/schema';

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
