import { fillMessage } from '../../base/message';
import type { HealthCode, HealthFinding } from './health';

/**
 * One sentence per finding in the two languages of the program; the placeholders are filled with the finding's facts.
 */
export const HEALTH_SENTENCES: Readonly<Record<HealthCode, { readonly en: string; readonly zh: string }>> = {
  'images-corrupt': {
    en: '{count} {count|image|images} of the {set} set cannot be decoded; the first: {reason}',
    zh: '{set}中有 {count} 张图像无法解码；第一张：{reason}',
  },
  'images-duplicate': {
    en:
      '{count} calibration {count|image is an exact copy|images are exact copies} of another one and count twice; ' +
      'the first: {second} = {first}',
    zh: '{count} 张校准图像与另一张完全相同，被重复计数；第一对：{second} = {first}',
  },
  'images-near-duplicate': {
    en:
      '{count} calibration {count|image shows|images show} the same picture as another one; the first: {second} ≈ ' +
      '{first}',
    zh: '{count} 张校准图像与另一张几乎相同；第一对：{second} ≈ {first}',
  },
  'images-shared': {
    en:
      '{count} validation {count|image is|images are} also in the calibration set, so that accuracy on ' +
      '{count|it|them} says nothing about new images; the first: {second} = {first}',
    zh: '{count} 张验证图像同时也在校准集中，其准确率不能代表新图像；第一对：{second} = {first}',
  },
  'images-near-shared': {
    en:
      '{count} validation {count|image shows|images show} the same picture as a calibration image; the first: ' +
      '{second} ≈ {first}',
    zh: '{count} 张验证图像与校准图像几乎相同；第一对：{second} ≈ {first}',
  },
  'labels-odd': {
    en:
      '{count} {count|box|boxes} of the validation labels look wrong: {empty} without an area (left out), {outside} ' +
      'beyond the image, {duplicates} repeated',
    zh: '验证标签中有 {count} 个框可能有误：{empty} 个没有面积（已忽略），{outside} 个超出图像，{duplicates} 个重复',
  },
  'image-sets-maximum': {
    en:
      '{file} alone sets the maximum of {tensors} {tensors|tensor|tensors}: without it minmax of {tensor} falls ' +
      '{amax} → {without}',
    zh: '{file} 单独决定了 {tensors} 个张量的最大值：去掉它，{tensor} 的 minmax 从 {amax} 降到 {without}',
  },
  'few-images': {
    en:
      'Only {count} {count|image|images}: thresholds are unsteady below {limit}. Add images that look like those ' +
      'in use.',
    zh: '只有 {count} 张图像：少于 {limit} 张时阈值不稳定。请补充与实际使用相似的图像。',
  },
  'thresholds-unsteady': {
    en: 'More images would still move the thresholds: with {half} of the {images} images {tensor} loses {loss} of SQNR',
    zh: '更多图像仍会改变阈值：只用 {images} 张中的 {half} 张时，{tensor} 的 SQNR 损失 {loss}',
  },
  'thresholds-steady': {
    en: '{images} images are enough: with the thresholds of {half} of them no tensor loses more than {loss} of SQNR',
    zh: '{images} 张图像已足够：用其中 {half} 张的阈值，任何张量的 SQNR 损失都不超过 {loss}',
  },
  'group-small': {
    en: '{group} is only {share} of the set ({count} {count|image|images}): thresholds other than minmax hardly see it',
    zh: '{group} 只占校准集的 {share}（{count} 张图像）：除 minmax 外的阈值几乎看不到它',
  },
  'group-clipped-by-method': {
    en:
      '{method} clips {clipped} of {group} in {tensor}; minmax would clip nothing. {tensors} {tensors|tensor ' +
      'is|tensors are} above {limit}.',
    zh: '{method} 截断了 {group} 在 {tensor} 中 {clipped} 的值；minmax 不会截断。超过 {limit} 的张量有 {tensors} 个。',
  },
  'group-sqnr-low': {
    en: 'Expected SQNR of {group} is {value}, {gap} below {best}: INT8 will cost this group the most',
    zh: '{group} 的预期 SQNR 为 {value}，比 {best} 低 {gap}：INT8 对这一组的影响最大',
  },
  'field-drift': {
    en:
      '{group} ({count} {count|image|images}) is not covered by the calibration set: it lies {drift} standard ' +
      'deviations from it (limit {limit}), most in {tensor}. Add such images.',
    zh: '校准集未覆盖 {group}（{count} 张图像）：偏离 {drift} 个标准差（上限 {limit}），{tensor} 最明显。请补充这类图像。',
  },
  'field-covered': {
    en: '{group} ({count} {count|image|images}) looks like the calibration set: drift {drift}, limit {limit}',
    zh: '{group}（{count} 张图像）与校准集相似：漂移 {drift}，上限 {limit}',
  },
  'field-unclear': {
    en:
      '{group}: {count} {count|image|images} are too few to tell; the drift may be {drift}, the limit is {limit}. ' +
      'Give the check {needed} or more.',
    zh: '{group}：{count} 张图像太少，无法判断；漂移可能为 {drift}，上限 {limit}。请提供 {needed} 张或更多。',
  },
  'field-clipped': {
    en:
      '{clipped} of {group} lies beyond the threshold of {tensor}, and the calibration set lacks such values. ' +
      '{tensors} {tensors|tensor is|tensors are} above {limit}.',
    zh: '{group} 有 {clipped} 的值超出 {tensor} 的阈值，校准集中没有这样的值。超过 {limit} 的张量有 {tensors} 个。',
  },
  'field-clipped-by-method': {
    en:
      '{method} clips {clipped} of {group} in {tensor}; minmax would clip {beyond}. The method is at fault, not ' +
      'the set. {tensors} {tensors|tensor is|tensors are} above {limit}.',
    zh: '{method} 截断了 {group} 在 {tensor} 中 {clipped} 的值；minmax 只截断 {beyond}。问题在方法，不在校准集。超过 {limit} 的张量有 {tensors} 个。',
  },
  'field-output-error': {
    en: 'INT8 outputs on {group} are off by {error} of the signal (limit {limit}): expect lost accuracy there',
    zh: '{group} 上 INT8 输出的误差为信号的 {error}（上限 {limit}）：该组准确率会下降',
  },
  'field-output-error-by-method': {
    en:
      'INT8 outputs on {group} are off by {error} of the signal (limit {limit}), although the set covers it: ' +
      'change thresholds or precision, not images',
    zh: '{group} 上 INT8 输出的误差为信号的 {error}（上限 {limit}），但校准集已覆盖它：应改阈值或精度，而不是图像',
  },
  'field-skipped': {
    en: '{count} {count|image|images} to compare with could not be read; the first: {reason}',
    zh: '{count} 张用于比较的图像无法读取；第一张：{reason}',
  },
};

/** Adds the English sentence to a finding. */
export function finding(fields: Omit<HealthFinding, 'message'>): HealthFinding {
  return { ...fields, message: fillMessage(HEALTH_SENTENCES[fields.code].en, fields.facts) };
}
