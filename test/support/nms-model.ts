import { DataType, type Model, type ValueInfo } from '../../src-main/onnx/graph/model';
import {
  floatTensor,
  int64Tensor,
  intAttr,
  intsAttr,
  makeModel,
  makeNode,
  makeValueInfo,
} from '../../src-main/onnx/graph/make';
import { createRandom } from './random';

const SIDE = 16;
const GRID = 4;
const CELLS = GRID * GRID;
const WIDTH = 16;
const CLASSES = 2;

/**
 * A detector of 16x16 images that removes overlapping boxes itself, as torchvision exports it: boxes [K, 4], labels [K]
 * and scores [K], where K depends on the image. Random weights: Conv-Relu-Conv, one box for each cell of a 4x4 grid.
 * @param hasGrid also an output of a fixed size: the scores of all cells, [1, 2, 16]
 */
export function nmsModel({ hasGrid = false }: { readonly hasGrid?: boolean } = {}): Model {
  const random = createRandom(11);
  const weights = (count: number, scale: number): number[] =>
    Array.from({ length: count }, () => (random() * 2 - 1) * scale);
  const cell = SIDE / GRID;
  const anchors = Array.from({ length: CELLS }, (_, i) => {
    const x = (i % GRID) * cell;
    const y = Math.floor(i / GRID) * cell;
    return [x, y, x + cell, y + cell];
  }).flat();
  const { FLOAT, INT64 } = DataType;
  const outputs: ValueInfo[] = [
    makeValueInfo('boxes', FLOAT, ['K', 4]),
    makeValueInfo('labels', INT64, ['K']),
    makeValueInfo('scores', FLOAT, ['K']),
    ...(hasGrid ? [makeValueInfo('all_scores', FLOAT, [1, CLASSES, CELLS])] : []),
  ];
  return makeModel(
    {
      name: 'detector',
      node: [
        makeNode('Conv', ['input', 'w0'], ['c0'], {
          name: 'conv0',
          attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1])],
        }),
        makeNode('Relu', ['c0'], ['r0'], { name: 'relu0' }),
        makeNode('Conv', ['r0', 'w1'], ['c1'], {
          name: 'head',
          attributes: [intsAttr('kernel_shape', [cell, cell]), intsAttr('strides', [cell, cell])],
        }),
        makeNode('Reshape', ['c1', 'flat'], ['rows'], { name: 'flatten' }),
        makeNode('Split', ['rows', 'parts'], ['offsets', 'logits'], {
          name: 'split',
          attributes: [intAttr('axis', 1)],
        }),
        makeNode('Transpose', ['offsets'], ['moved'], { name: 'move', attributes: [intsAttr('perm', [0, 2, 1])] }),
        makeNode('Add', ['moved', 'anchors'], ['all_boxes'], { name: 'place' }),
        makeNode('Sigmoid', ['logits'], ['all_scores'], { name: 'score' }),
        makeNode('NonMaxSuppression', ['all_boxes', 'all_scores', 'most', 'iou', 'least'], ['kept'], { name: 'nms' }),
        makeNode('GatherND', ['all_scores', 'kept'], ['scores'], { name: 'kept_scores' }),
        makeNode('Gather', ['kept', 'one'], ['labels'], { name: 'kept_labels', attributes: [intAttr('axis', 1)] }),
        makeNode('Gather', ['kept', 'ends'], ['cells'], { name: 'kept_cells', attributes: [intAttr('axis', 1)] }),
        makeNode('GatherND', ['all_boxes', 'cells'], ['boxes'], { name: 'kept_boxes' }),
      ],
      initializer: [
        floatTensor('w0', [WIDTH, 3, 3, 3], weights(WIDTH * 27, 0.6)),
        floatTensor('w1', [4 + CLASSES, WIDTH, cell, cell], weights((4 + CLASSES) * WIDTH * cell * cell, 0.25)),
        int64Tensor('flat', [3], [1, 4 + CLASSES, CELLS]),
        int64Tensor('parts', [2], [4, CLASSES]),
        floatTensor('anchors', [1, CELLS, 4], anchors),
        int64Tensor('most', [1], [CELLS]),
        floatTensor('iou', [1], [0.5]),
        floatTensor('least', [1], [0.5]),
        int64Tensor('one', [], [1]),
        int64Tensor('ends', [2], [0, 2]),
      ],
      input: [makeValueInfo('input', FLOAT, [1, 3, SIDE, SIDE])],
      output: outputs,
      valueInfo: [],
    },
    17,
  );
}
