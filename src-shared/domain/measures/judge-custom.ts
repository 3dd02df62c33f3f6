import { setOwnValue } from '../../base/records';
import { createRandom } from '../random';
import { BOOTSTRAP_SEED, FEW_IMAGES } from '../statistics';
import type { Measure } from '../tasks/measure';
import type { Judgement, MeasureDifference } from './judge';

/** Turns the records of any selection of images into one number; the function of the user. */
export type Summarize = (records: readonly unknown[]) => Promise<Measure>;

/** Records that are summarized for one interval at most, so that the user's function takes seconds, not hours. */
const MAX_RECORDS = 400_000;
const RESAMPLES = 200;
/** With fewer, the bounds of the interval would be the smallest and the largest of a handful of draws. */
const MIN_RESAMPLES = 80;

/**
 * Judges one variant by the metric of the user, whose `summarize` is asked for every group and every draw.
 * @param records what `score` returned for each image; undefined: the image does not count.
 * @param fp32 the records of FP32 on the same images; null for FP32 itself.
 * @returns null if no image counts, or if the records of all images give no number.
 */
export async function judgeCustom(
  records: readonly unknown[],
  fp32: readonly unknown[] | null,
  groups: readonly (string | null)[],
  summarize: Summarize,
): Promise<Judgement | null> {
  const counted = [...records.keys()].filter((image) => records[image] !== undefined);
  if (counted.length === 0) return null;
  const valueOf = (images: readonly number[], list = records): Promise<Measure> =>
    summarize(images.map((image) => list[image]));
  const measure = await valueOf(counted);
  if (!Number.isFinite(measure.value)) return null;
  const perGroup: Record<string, { readonly images: number; readonly value: number }> = {};
  let worst: Judgement['worstGroup'] = null;
  for (const name of [...new Set(groups.filter((own) => own !== null))].sort()) {
    const images = counted.filter((image) => groups[image] === name);
    if (images.length === 0) continue;
    const { value } = await valueOf(images);
    if (!Number.isFinite(value)) continue;
    setOwnValue(perGroup, name, { images: images.length, value });
    if (worst === null || (measure.higherIsBetter ? value < worst.value : value > worst.value)) worst = { name, value };
  }
  return {
    measure,
    images: counted.length,
    groups: perGroup,
    worstGroup: worst,
    perClass: [],
    difference: fp32 === null ? null : await customDifference(counted, fp32, records, valueOf),
  };
}

async function customDifference(
  counted: readonly number[],
  fp32: readonly unknown[],
  records: readonly unknown[],
  valueOf: (images: readonly number[], list: readonly unknown[]) => Promise<Measure>,
): Promise<MeasureDifference | null> {
  const images = counted.filter((image) => fp32[image] !== undefined);
  const difference = async (list: readonly number[]): Promise<number> =>
    (await valueOf(list, records)).value - (await valueOf(list, fp32)).value;
  if (images.length === 0) return null;
  const value = await difference(images);
  if (!Number.isFinite(value)) return null;
  const random = createRandom(BOOTSTRAP_SEED);
  const resamples = Math.max(MIN_RESAMPLES, Math.min(RESAMPLES, Math.floor(MAX_RECORDS / (2 * images.length))));
  const draws: number[] = [];
  for (let resample = 0; resample < resamples; resample += 1) {
    const drawn = images.map(() => images[Math.floor(random.nextUnit() * images.length)] ?? 0);
    const own = await difference(drawn);
    if (Number.isFinite(own)) draws.push(own);
  }
  draws.sort((a, b) => a - b);
  const excluded = Math.floor(draws.length / 40);
  return {
    value,
    interval95: [draws[Math.max(0, excluded - 1)] ?? value, draws[draws.length - Math.max(1, excluded)] ?? value],
    ...(images.length < FEW_IMAGES ? { fewImages: true as const } : {}),
  };
}
