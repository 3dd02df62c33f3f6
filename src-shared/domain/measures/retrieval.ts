/** Cosine of the angle between two vectors; NaN if one of them is zero, not finite or of another length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  let dot = 0;
  let ownSquares = 0;
  let otherSquares = 0;
  for (let i = 0; i < a.length; i += 1) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    ownSquares += x * x;
    otherSquares += y * y;
  }
  const length = Math.sqrt(ownSquares) * Math.sqrt(otherSquares);
  return length > 0 ? Math.max(-1, Math.min(1, dot / length)) : Number.NaN;
}

/** The result of one query, 0 to 1; NaN for images that are no query. */
export interface Retrieval {
  /** 1 if the nearest other image has the label of the query. */
  readonly recallAt1: Float64Array;
  /** Mean over the images with the label of the query of the precision at their rank. */
  readonly averagePrecision: Float64Array;
}

/**
 * Looks for every labelled image among all other labelled images, nearest first. Images whose label no other image has
 * are no query, but can be found. An image without an answer (null, not finite or zero) is never found and finds
 * nothing: as a query it scores 0. At equal similarity the wrong images come first, so that a model that answers
 * everything alike does not score.
 * @param labels class index per image; -1 without a label.
 * @param normalize compare by the cosine; else by the negative Euclidean distance.
 */
export function retrieve(
  vectors: readonly (Float32Array | null)[],
  labels: ArrayLike<number>,
  normalize = true,
): Retrieval {
  const labelled = [...vectors.keys()].filter((i) => (labels[i] ?? -1) >= 0);
  const sizes = new Map<number, number>();
  for (const i of labelled) sizes.set(labels[i] ?? -1, (sizes.get(labels[i] ?? -1) ?? 0) + 1);
  const gallery = labelled.flatMap((i) => {
    const vector = prepared(vectors[i] ?? null, normalize);
    return vector === null ? [] : [{ image: i, label: labels[i] ?? -1, vector }];
  });
  const recallAt1 = new Float64Array(vectors.length).fill(Number.NaN);
  const averagePrecision = new Float64Array(vectors.length).fill(Number.NaN);
  for (const i of labelled) {
    const relevant = (sizes.get(labels[i] ?? -1) ?? 1) - 1;
    if (relevant === 0) continue;
    recallAt1[i] = 0;
    averagePrecision[i] = 0;
  }
  for (const query of gallery) {
    const relevant = (sizes.get(query.label) ?? 1) - 1;
    if (relevant === 0) continue;
    const nearness = ({ vector }: { readonly vector: Float32Array }): number =>
      normalize ? dotOf(query.vector, vector) : -distanceOf(query.vector, vector);
    const others = gallery.filter(({ image }) => image !== query.image);
    const right = Float64Array.from(
      others.filter(({ label }) => label === query.label),
      nearness,
    ).sort();
    const wrong = Float64Array.from(
      others.filter(({ label }) => label !== query.label),
      nearness,
    ).sort();
    let sum = 0;
    let before = 0;
    for (let found = 1; found <= right.length; found += 1) {
      const own = right[right.length - found] ?? 0;
      while (before < wrong.length && (wrong[wrong.length - 1 - before] ?? 0) >= own) before += 1;
      sum += found / (found + before);
      if (found + before === 1) recallAt1[query.image] = 1;
    }
    averagePrecision[query.image] = sum / relevant;
  }
  return { recallAt1, averagePrecision };
}

function prepared(vector: Float32Array | null, normalize: boolean): Float32Array | null {
  if (vector === null) return null;
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(length)) return null;
  if (!normalize) return vector;
  return length > 0 ? vector.map((value) => value / length) : null;
}

function dotOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}
