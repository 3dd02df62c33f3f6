import { fillMessage } from '../../src-shared/base/message';
import { currentLanguage } from '.';

/**
 * A sentence that projects and run records store in English; `{name}` is a placeholder whose value is kept unchanged.
 */
interface Sentence {
  readonly stored: string;
  /** The English wording of the screens if it differs, because the screens do not mention command-line flags. */
  readonly en?: string;
  readonly zh: string;
}

const SENTENCES: readonly Sentence[] = [
  // Guesses of the preprocessing.
  {
    stored: 'Layout {layout}: "{name}" is one channel of {size}.',
    zh: '布局 {layout}：“{name}”为单通道，尺寸 {size}。',
  },
  {
    stored: 'Layout {layout}: "{name}" is {count} channels of {size}.',
    zh: '布局 {layout}：“{name}”有 {count} 个通道，尺寸 {size}。',
  },
  { stored: 'Channel order gray: "{name}" has one channel.', zh: '通道顺序为灰度：“{name}”只有一个通道。' },
  {
    stored: 'Channel order RGB, the most common one; models from Caffe or OpenCV expect BGR.',
    zh: '通道顺序为最常见的 RGB；来自 Caffe 或 OpenCV 的模型应选 BGR。',
  },
  {
    // Projects of older versions store this wording.
    stored: 'Channel order RGB, the most common one; models from Caffe or OpenCV want --order bgr.',
    en: 'Channel order RGB, the most common one; models from Caffe or OpenCV expect BGR.',
    zh: '通道顺序为最常见的 RGB；来自 Caffe 或 OpenCV 的模型应选 BGR。',
  },
  {
    stored: '"{name}" has {count} channels, which no image has: only .npy and .npz tensors of its shape can be used.',
    zh: '“{name}”有 {count} 个通道，图像不会如此：只能使用相同形状的 .npy 和 .npz 张量。',
  },
  {
    stored: 'Images of another size are stretched to {size}, the input of the model.',
    zh: '其他尺寸的图像会拉伸到模型输入尺寸 {size}。',
  },
  {
    stored: 'After the resize the centre of {size} is cropped, the input of the model.',
    zh: '缩放后居中裁剪到模型输入尺寸 {size}。',
  },
  {
    stored: 'Scale 1: mean {mean} and std {std} are values of pixels from 0 to 255.',
    zh: '系数为 1：均值 {mean} 和标准差 {std} 对应 0 到 255 的像素值。',
  },
  { stored: 'Scale 1/255: pixels become 0 to 1.', zh: '系数为 1/255：像素值变为 0 到 1。' },
  { stored: 'Mean 0: nothing is subtracted.', zh: '均值为 0：不做减法。' },
  { stored: 'Standard deviation 1: the channel is not divided.', zh: '标准差为 1：不做除法。' },
  { stored: 'Standard deviation 1: channels are not divided.', zh: '标准差为 1：不做除法。' },
  // Sources of inputs.
  { stored: 'Input "{name}" takes the images of the set.', zh: '输入“{name}”取图像集中的图像。' },
  { stored: 'Input "{name}": the array "{field}" of .npz files.', zh: '输入“{name}”：.npz 文件中的数组“{field}”。' },
  { stored: 'Input "{name}": original height and width.', zh: '输入“{name}”：原始高、宽。' },
  {
    stored: 'Input "{name}": original width and height (RT-DETR, DEIM).',
    zh: '输入“{name}”：原始宽、高（RT-DETR、DEIM）。',
  },
  {
    stored: 'Input "{name}": height and width after the resize, without padding (PaddleDetection).',
    zh: '输入“{name}”：缩放后、不含填充的高、宽（PaddleDetection）。',
  },
  {
    stored:
      'Input "{name}": size after the resize divided by the original size, for height and width (PaddleDetection).',
    zh: '输入“{name}”：缩放后尺寸与原始尺寸之比，高、宽各一（PaddleDetection）。',
  },
  {
    stored: 'Input "{name}": 1 where the image is, 0 where it was padded (DETR).',
    zh: '输入“{name}”：图像处为 1，填充处为 0（DETR）。',
  },
  { stored: 'Input "{name}": {value} everywhere.', zh: '输入“{name}”：处处为 {value}。' },
  {
    stored: 'Pixels from 0 to 255 as they are: "{name}" is {type}.',
    zh: '像素值 0 到 255 原样输入：“{name}”的类型为 {type}。',
  },
  {
    stored: '"{name}" takes images of any size; they are all brought to {size}.',
    zh: '“{name}”接受任意尺寸的图像；全部图像都调整为 {size}。',
  },
  {
    stored:
      '"{name}" takes images of any size, and the size depends on the image: the model runs on one image at a time, ' +
      'and engines are built for a range of sizes.',
    zh: '“{name}”接受任意尺寸的图像，尺寸随图像而定：模型逐张运行图像，引擎按尺寸范围构建。',
  },
  {
    stored: '"{name}" takes images of any size; {size} was chosen, the multiple of 32 near the images.',
    zh: '“{name}”接受任意尺寸的图像；已选择 {size}，即接近图像尺寸的 32 的倍数。',
  },
  {
    stored: '"{name}" takes images of any size; {size} was chosen, the multiple of 32 near the images, at most 640.',
    zh: '“{name}”接受任意尺寸的图像；已选择 {size}，即接近图像尺寸的 32 的倍数，最大 640。',
  },
  // Guesses of the task.
  { stored: 'Classification: {output} holds one score for each class.', zh: '分类：{output} 每个类别一个得分。' },
  {
    stored: 'The labels have {classes} classes, the output has {answers}.',
    zh: '标签有 {classes} 个类别，输出有 {answers} 个。',
  },
  { stored: 'Embedding: {output} is divided by its length.', zh: '嵌入：{output} 已除以自身长度。' },
  { stored: 'Embedding: {output} is one vector for each image.', zh: '嵌入：{output} 每张图像一个向量。' },
  {
    stored: 'Segmentation: {output} holds a class index for every pixel.',
    zh: '分割：{output} 为每个像素的类别编号。',
  },
  { stored: 'Segmentation: {output} holds one score for every pixel.', zh: '分割：{output} 每个像素一个得分。' },
  {
    stored: 'Segmentation: {output} holds one score for every block of {size} pixels.',
    zh: '分割：{output} 每 {size} 像素块一个得分。',
  },
  {
    stored: 'Segmentation: {output} holds the scores of {classes} classes for every pixel.',
    zh: '分割：{output} 为每个像素的 {classes} 个类别得分。',
  },
  {
    stored: 'Segmentation: {output} holds the scores of {classes} classes for every block of {size} pixels.',
    zh: '分割：{output} 为每 {size} 像素块的 {classes} 个类别得分。',
  },
  { stored: 'The number of classes, {classes}, is that of the labels.', zh: '类别数 {classes} 取自标签。' },
  {
    stored:
      'The number of classes, {classes}, is one more than the largest index of a few images; correct it if classes are missing.',
    zh: '类别数 {classes} 为少数图像中最大编号加一；如缺少类别请更正。',
  },
  {
    stored: 'A pixel belongs to the object if its score is above {threshold}.',
    zh: '得分高于 {threshold} 的像素属于目标。',
  },
  {
    stored: 'Detection: {output} holds one box, score and class in each row.',
    zh: '检测：{output} 每行一个框、得分和类别。',
  },
  {
    stored: 'Detection: {boxes} holds boxes, {scores} the scores of their classes.',
    zh: '检测：{boxes} 为框，{scores} 为各类别得分。',
  },
  { stored: 'Detection: {outputs} are boxes, classes and scores.', zh: '检测：{outputs} 依次为框、类别和得分。' },
  {
    stored: 'Detection: {outputs} are the number of detections, boxes, scores and classes.',
    zh: '检测：{outputs} 依次为检测数量、框、得分和类别。',
  },
  {
    stored: 'Detection: {output} holds a box, an objectness and {classes} class scores for each of {rows} cells.',
    zh: '检测：{output} 的 {rows} 个网格单元各有一个框、一个目标得分和 {classes} 个类别得分。',
  },
  {
    stored: 'Detection: {output} holds a box, an objectness and {classes} class scores for each of {rows} anchors.',
    zh: '检测：{output} 的 {rows} 个锚框各有一个框、一个目标得分和 {classes} 个类别得分。',
  },
  {
    stored: 'Detection: {output} holds a box and {classes} class scores for each of {rows} cells.',
    zh: '检测：{output} 的 {rows} 个网格单元各有一个框和 {classes} 个类别得分。',
  },
  {
    stored: 'Detection: {output} holds a box and {classes} class score for each of {rows} cells.',
    zh: '检测：{output} 的 {rows} 个网格单元各有一个框和 {classes} 个类别得分。',
  },
  {
    stored: 'The form of the boxes and scores can only be found from the values for images.',
    zh: '框和得分的形式只能从图像的输出值得知。',
  },
  { stored: "Boxes: centre and size, in pixels of the network's input.", zh: '框：中心和尺寸，单位为网络输入的像素。' },
  { stored: "Boxes: centre and size, in fractions of the network's input.", zh: '框：中心和尺寸，为网络输入的比例。' },
  { stored: "Boxes: two corners, in pixels of the network's input.", zh: '框：两个角点，单位为网络输入的像素。' },
  { stored: "Boxes: two corners, in fractions of the network's input.", zh: '框：两个角点，为网络输入的比例。' },
  { stored: 'Boxes: two corners, in pixels of the original image.', zh: '框：两个角点，单位为原图像素。' },
  {
    stored: 'Boxes: relative to the cells of grids with strides {strides}.',
    zh: '框：相对于步长为 {strides} 的网格单元。',
  },
  { stored: 'Scores: used as they are, because they lie between 0 and 1.', zh: '得分：介于 0 和 1 之间，直接使用。' },
  {
    stored: 'Scores: {activation}, because the values are no probabilities.',
    zh: '得分：数值不是概率，需使用 {activation}。',
  },
  { stored: 'The first score of a box stands for "no object".', zh: '每个框的第一个得分表示“无目标”。' },
  { stored: 'The last score of a box stands for "no object".', zh: '每个框的最后一个得分表示“无目标”。' },
  { stored: 'Classes are counted from {first}.', zh: '类别从 {first} 开始编号。' },
  {
    stored: 'Boxes of a class that overlap by more than {iou} (intersection over union) are suppressed.',
    zh: '同一类别中交并比超过 {iou} 的框会被抑制。',
  },
  { stored: 'Classes: {names}, as the metadata of the model names them.', zh: '类别：{names}，取自模型的元数据。' },
  {
    stored: "Classes: {names}, found by comparing the model's boxes with the labels of {images}.",
    zh: '类别：{names}，由模型的框与标注（{images}）比较得出。',
  },
  { stored: 'Boxes that overlap are not suppressed, because the model does it.', zh: '重叠的框由模型自行抑制。' },
  {
    stored: 'No task fits the outputs {outputs}: variants are compared with FP32 by the error of the outputs.',
    zh: '没有任务适合输出 {outputs}：各变体按输出误差与 FP32 比较。',
  },
  { stored: 'The task could not be guessed: {reason}', zh: '无法推测任务：{reason}' },
  {
    stored: 'The model does not run on an input of {inputs}: {reason}',
    zh: '模型无法以 {inputs} 的输入运行：{reason}',
  },
  {
    stored: 'Choose the size of the input that the model was made for.',
    zh: '请选择模型设计时所用的输入尺寸。',
  },
  // Warnings of jobs and runs.
  {
    stored: '{count} images were skipped, the first one {file}: {reason}',
    zh: '跳过了 {count} 张图像，第一张为 {file}：{reason}',
  },
  { stored: '{count} images in all make NaN or infinity.', zh: '共有 {count} 张图像产生 NaN 或无穷大。' },
  {
    stored: 'The set has {classes} classes, the model answers {answers}.',
    zh: '图像集有 {classes} 个类别，模型输出 {answers} 个。',
  },
  {
    stored: 'Accuracy of the {target} layout is simulated on {backend} with float arithmetic between Q/DQ.',
    zh: '{target} 布局的准确率在 {backend} 上模拟得出，Q/DQ 之间为浮点运算。',
  },
  {
    stored: '{variant} answers output "{name}" with NaN or infinite values where FP32 does not.',
    zh: '{variant} 的输出“{name}”出现 NaN 或无穷大，而 FP32 没有。',
  },
  {
    stored:
      "{variant} keeps the model's own biases: on calibration images that they were not measured on, corrected ones were no nearer to FP32.",
    zh: '{variant} 保留模型原有的偏置：在未用于测量的校准图像上，校正后的偏置并未更接近 FP32。',
  },
  {
    stored:
      'Some layers of {variants} have no kernel on the GPU and run on the CPU; their tensors are copied there and back.',
    zh: '{variants} 的部分层在 GPU 上没有内核，改在 CPU 上运行，其张量需来回拷贝。',
  },
  {
    stored: 'The GPU lowered its clocks during the benchmark ({reasons}): compare ratios within this run only.',
    zh: '性能测试期间 GPU 降低了频率（{reasons}）：只应比较本次运行内的比值。',
  },
  {
    stored: 'Output "{output}" is not compared, because its size depends on the data and differs from FP32\'s.',
    zh: '未比较输出 {output}：其尺寸取决于数据，与 FP32 的不同。',
  },
  {
    stored: 'Method best is not decided yet: {method} is used until the project is calibrated again or run.',
    zh: '方法 best 尚未确定：在重新校准或运行之前使用 {method}。',
  },
  {
    stored: 'Method best cannot be decided: {problem}. {method} is used.',
    zh: '方法 best 无法确定：{problem}。改用 {method}。',
  },
  {
    stored:
      'Method best is {method}, as it was decided for another plan, target or percentile; the next calibration or run decides again.',
    zh: '方法 best 为 {method}，是按另一方案、目标或百分位确定的；下次校准或运行时会重新确定。',
  },
  // Notes and advice of a fix.
  {
    stored: 'The project as it is meets the gates.',
    zh: '项目现状已满足门槛。',
  },
  {
    stored: 'The project as it is does not meet the gates.',
    zh: '项目现状不满足门槛。',
  },
  {
    stored: 'Nothing came nearer to FP32 on the images that choose.',
    zh: '在用于选择的图像上，没有方案更接近 FP32。',
  },
  {
    stored: 'The output error fell by {share} %, which leaves too much for the gates, so that the plan was not judged.',
    zh: '输出误差下降了 {share} %，离门槛仍太远，因此未评判该方案。',
  },
  {
    stored: 'Not tried: it would take about {minutes} minutes, and {left} are left.',
    zh: '未尝试：约需 {minutes} 分钟，只剩 {left} 分钟。',
  },
  {
    stored: 'Not tried: the plan corrects biases already.',
    zh: '未尝试：方案已校正偏置。',
  },
  {
    stored: 'Not tried: the plan equalizes channels already.',
    zh: '未尝试：方案已均衡通道。',
  },
  {
    stored: 'Not tried: no two layers of this model can be equalized.',
    zh: '未尝试：此模型没有可均衡的两层。',
  },
  {
    stored: 'Not tried: the plan smooths channels already.',
    zh: '未尝试：方案已平滑通道。',
  },
  {
    stored: 'Not tried: no channels of this model can be smoothed.',
    zh: '未尝试：此模型没有可平滑的通道。',
  },
  {
    stored: 'Not tried: the plan uses a threshold per tensor already.',
    zh: '未尝试：方案已逐张量选择阈值。',
  },
  {
    stored: 'Not tried: choosing a threshold per tensor takes {runs} runs of this model.',
    zh: '未尝试：逐张量选择阈值需运行此模型 {runs} 次。',
  },
  {
    stored: 'Not tried: the loss is more than {factor} times its limit, too much for learning with all layers in INT8.',
    zh: '未尝试：损失超过限值的 {factor} 倍，全部层为 INT8 时学习无法弥补。',
  },
  {
    stored:
      'Not tried: the loss of the plans so far hardly follows the output error, which is what learning makes smaller.',
    zh: '未尝试：至今各方案的损失几乎不随输出误差变化，而学习减小的正是输出误差。',
  },
  {
    stored: 'Not tried: no layer may leave INT8.',
    zh: '未尝试：没有层可以离开 INT8。',
  },
  {
    stored: 'Not tried: no more layers may leave INT8.',
    zh: '未尝试：没有更多层可以离开 INT8。',
  },
  {
    stored: 'Not tried: the project uses learned thresholds already.',
    zh: '未尝试：项目已使用学习得到的阈值。',
  },
  {
    stored: 'Not tried: learning takes too many runs of this model.',
    zh: '未尝试：学习需要运行此模型的次数过多。',
  },
  {
    stored: 'Not tried: Bias correction needs at least {least} calibration images, the project has {count}.',
    zh: '未尝试：偏置校正至少需要 {least} 张校准图像，项目只有 {count} 张。',
  },
  {
    stored: 'Not tried: {reason}.',
    zh: '未尝试：{reason}。',
  },
  {
    stored:
      'Difference from FP32 in {measure}: {value} (95 % interval over the choice of images: {low} to {high}). It is the best of {plans} plans that were judged on these images, so that a part of it may be luck.',
    zh: '{measure} 与 FP32 之差：{value}（按图像抽样的 95 % 区间：{low} 至 {high}）。这是在这些图像上评判的 {plans} 个方案中最好的一个，部分差距可能出于偶然。',
  },
  {
    stored: 'Difference from FP32 in {measure}: {value} (95 % interval over the choice of images: {low} to {high}).',
    zh: '{measure} 与 FP32 之差：{value}（按图像抽样的 95 % 区间：{low} 至 {high}）。',
  },
  {
    stored:
      'FP32 itself does not meet {gate}: {measure} {value}, the limit is {limit}. Lower the limit, or train the model ' +
      'further.',
    zh: 'FP32 本身也未达到 {gate}：{measure} 为 {value}，限值为 {limit}。请放宽限值，或继续训练模型。',
  },
  {
    stored: 'FP32 is faster and loses nothing (this plan is {speed}): ship FP32.',
    zh: 'FP32 更快且没有损失（本方案：{speed}）：请部署 FP32。',
  },
  {
    stored: 'FP16 is both faster and safer (this plan is {speed}): ship FP16.',
    zh: 'FP16 更快也更稳妥（本方案：{speed}）：请部署 FP16。',
  },
  {
    stored: 'FP16 is faster (this plan is {speed}): compare before you ship.',
    zh: 'FP16 更快（本方案：{speed}）：部署前请比较。',
  },
  {
    stored: 'Group {group} loses {value} points, the limit is {limit}; it has {count} of {images} calibration images.',
    zh: '分组 {group} 下降 {value} 个百分点，上限为 {limit}；它有 {count} 张校准图像，共 {images} 张。',
  },
  {
    stored: 'Add about {count} calibration images of group {group}, which has {own}.',
    zh: '分组 {group} 请再添加约 {count} 张校准图像，目前有 {own} 张。',
  },
  {
    stored: 'The release of a single layer takes this part of the remaining output error back: {layers}.',
    zh: '只释放一层即可收回剩余输出误差的比例：{layers}。',
  },
  {
    stored: 'The limit is exceeded by {excess} points, which these {images} images cannot tell from chance ({half}).',
    zh: '超出上限 {excess} 个百分点，这 {images} 张图像无法将其与偶然（{half}）区分。',
  },
  {
    stored:
      'The limit is exceeded by {excess} points, within chance ({half}): about {count} more validation images would tell.',
    zh: '超出上限 {excess} 个百分点，仍在偶然范围内（{half}）：再加约 {count} 张验证图像即可判断。',
  },
  {
    stored: 'Train with quantization, beginning with the scales that were found.',
    zh: '以找到的缩放系数为起点进行量化训练。',
  },
];

interface Pattern extends Sentence {
  readonly names: readonly string[];
  readonly regex: RegExp;
}

const PATTERNS: readonly Pattern[] = SENTENCES.map((sentence) => {
  const names = [...sentence.stored.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const source = sentence.stored
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(.+?)');
  return { ...sentence, names, regex: new RegExp(`^${source}$`, 's') };
});

/** A sentence of a record in the language of the screens; an unknown sentence is returned as stored. */
export function recordSentence(stored: string): string {
  for (const { en, zh, names, regex } of PATTERNS) {
    const match = regex.exec(stored);
    if (match === null) continue;
    const text = currentLanguage() === 'zh' ? zh : en;
    return text === undefined
      ? stored
      : fillMessage(text, Object.fromEntries(names.map((name, i) => [name, match[i + 1] ?? ''])));
  }
  return stored;
}
