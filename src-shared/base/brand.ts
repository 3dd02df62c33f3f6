/** A string that only a named constructor may produce, so that ids of different kinds cannot be mixed up. */
declare const brandKey: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brandKey]: Name };

/** The name of a layer (a node of the prepared graph; unique within it). */
export type LayerId = Brand<string, 'LayerId'>;
export type JobId = Brand<string, 'JobId'>;

export const layerId = (name: string): LayerId => name as LayerId;
export const jobId = (name: string): JobId => name as JobId;
