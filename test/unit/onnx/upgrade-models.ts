/** Makes one small model per case with onnx.helper into argv[1]; prints a line `name opset` for each. */
export const MAKE_OLD_MODELS = `
import sys, numpy as np, onnx
from onnx import helper as h, numpy_helper as nh, TensorProto as T
out = sys.argv[1]
rng = np.random.default_rng(3)

def save(name, opset, nodes, inputs, outputs, inits=()):
    g = h.make_graph(nodes, 'g', [h.make_tensor_value_info(n, T.FLOAT, s) for n, s in inputs],
                     [h.make_tensor_value_info(n, t, None) for n, t in outputs],
                     [nh.from_array(np.asarray(v), n) for n, v in inits])
    if opset < 9:
        for i in g.initializer:
            g.input.append(h.make_tensor_value_info(i.name, i.data_type, list(i.dims)))
    m = h.make_model(g, opset_imports=[h.make_opsetid('', opset)], ir_version=3 if opset < 9 else 6)
    inferred = list(onnx.shape_inference.infer_shapes(m).graph.output)  # the checker wants output shapes
    del m.graph.output[:]
    m.graph.output.extend(inferred)
    onnx.checker.check_model(m)
    onnx.save(m, f'{out}/{name}-{opset}.onnx')
    print(name, opset)

I = lambda *v: np.asarray(v, np.int64)
F = lambda *v: np.asarray(v, np.float32)
N = h.make_node
for o in (7, 8, 9, 10, 11, 12):
    one = [('y', T.FLOAT)]
    for op in ('Softmax', 'LogSoftmax', 'Hardmax'):
        save(f'{op}-default', o, [N(op, ['x'], ['y'])], [('x', [2, 3, 4, 5])], one)
        save(f'{op}-last', o, [N(op, ['x'], ['y'], axis=3)], [('x', [2, 3, 4, 5])], one)
        save(f'{op}-trailing-ones', o, [N(op, ['x'], ['y'], axis=1)], [('x', [2, 7, 1, 1])], one)
        save(f'{op}-axis0', o, [N(op, ['x'], ['y'], axis=0)], [('x', [2, 3, 4])], one)
        save(f'{op}-dynamic', o, [N('Relu', ['x'], ['r']), N(op, ['r'], ['y'], axis=2)], [('x', ['a', 'b', 'c', 'd'])], one)
    if o >= 11:
        save('Softmax-negative', o, [N('Softmax', ['x'], ['y'], axis=-2)], [('x', [2, 3, 4, 5])], one)
    save('Squeeze', o, [N('Squeeze', ['x'], ['y'], axes=[0, 2])], [('x', [1, 3, 1, 5])], one)
    save('Squeeze-all', o, [N('Squeeze', ['x'], ['y'])], [('x', [1, 3, 1, 5])], one)
    save('Unsqueeze', o, [N('Unsqueeze', ['x'], ['y'], axes=[0, 3])], [('x', [3, 5])], one)
    save('ReduceSum', o, [N('ReduceSum', ['x'], ['y'], axes=[1], keepdims=0)], [('x', [2, 3, 4])], one)
    save('ReduceSum-all', o, [N('ReduceSum', ['x'], ['y'])], [('x', [2, 3, 4])], one)
    save('ReduceMean', o, [N('ReduceMean', ['x'], ['y'], axes=[1, 2])], [('x', [2, 3, 4])], one)
    save('Split', o, [N('Split', ['x'], ['y', 'z'], axis=1, split=[1, 3])], [('x', [2, 4, 3])], one + [('z', T.FLOAT)])
    save('Split-equal', o, [N('Split', ['x'], ['y', 'z'])], [('x', [2, 4, 3])], one + [('z', T.FLOAT)])
    if o < 10:
        save('Slice', o, [N('Slice', ['x'], ['y'], axes=[1, 3], starts=[1, -3], ends=[2**63 - 1, -1])], [('x', [2, 3, 4, 5])], one)
        save('Slice-no-axes', o, [N('Slice', ['x'], ['y'], starts=[0, 1], ends=[1, 3])], [('x', [2, 3, 4])], one)
        save('TopK', o, [N('TopK', ['x'], ['y', 'i'], axis=1, k=2)], [('x', [2, 5, 3])], one)
    else:
        save('TopK', o, [N('TopK', ['x', 'k'], ['y', 'i'], axis=1)], [('x', [2, 5, 3])], one, [('k', I(2))])
        save('Slice', o, [N('Slice', ['x', 's', 'e', 'a', 't'], ['y'])], [('x', [2, 3, 8])], one, [('s', I(7)), ('e', I(0)), ('a', I(2)), ('t', I(-2))])
    if o < 11:
        save('Clip', o, [N('Clip', ['x'], ['y'], min=-0.25, max=0.5)], [('x', [2, 30])], one)
        save('Clip-max', o, [N('Clip', ['x'], ['y'], max=0.5)], [('x', [2, 30])], one)
        save('Clip-min', o, [N('Clip', ['x'], ['y'], min=0.0)], [('x', [2, 30])], one)
        save('Pad-double', o, [N('Cast', ['x'], ['d'], to=T.DOUBLE), N('Pad', ['d'], ['c'], pads=[0, 1, 0, 1], value=0.25), N('Cast', ['c'], ['y'], to=T.FLOAT)], [('x', [2, 30])], one)
        for mode in ('constant', 'edge', 'reflect'):
            save('Pad-' + mode, o, [N('Pad', ['x'], ['y'], mode=mode, pads=[0, 0, 1, 2, 0, 0, 2, 1])], [('x', [1, 2, 4, 5])], one)
        save('Pad-value', o, [N('Pad', ['x'], ['y'], pads=[0, 1, 0, -1], value=1.5)], [('x', [3, 4])], one)
    else:
        save('Clip', o, [N('Clip', ['x', '', 'hi'], ['y'])], [('x', [2, 30])], one, [('hi', np.float32(0.5))])
    save('Dropout', o, [N('Relu', ['x'], ['a']), N('Dropout', ['a'], ['b']), N('Neg', ['b'], ['y'])], [('x', [2, 3])], one)
    save('BatchNorm', o, [N('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], epsilon=0.01)], [('x', [2, 3, 4, 4])], one,
         [('s', F(1, 2, 3)), ('b', F(0, 1, 2)), ('m', F(.1, .2, .3)), ('v', F(1, 2, .5))])
    for mode in ('nearest', 'linear'):
        for tag, sc in (('up', [1, 1, 2, 3]), ('fraction', [1, 1, 1.5, 2.5]), ('down', [1, 1, .5, .6])):
            if o < 9 and tag != 'down':
                save(f'Upsample-{mode}-{tag}', o, [N('Upsample', ['x'], ['y'], mode=mode, scales=[float(v) for v in sc])], [('x', [1, 2, 5, 7])], one)
            elif o == 9 and tag != 'down':
                save(f'Upsample-{mode}-{tag}', o, [N('Upsample', ['x', 'sc'], ['y'], mode=mode)], [('x', [1, 2, 5, 7])], one, [('sc', F(*sc))])
            elif o == 10:
                save(f'Resize-{mode}-{tag}', o, [N('Resize', ['x', 'sc'], ['y'], mode=mode)], [('x', [1, 2, 5, 7])], one, [('sc', F(*sc))])
            elif o >= 11:
                for ct in ('half_pixel', 'asymmetric', 'align_corners'):
                    save(f'Resize-{mode}-{tag}-{ct}', o, [N('Resize', ['x', 'roi', 'sc'], ['y'], mode=mode, coordinate_transformation_mode=ct)], [('x', [1, 2, 5, 7])], one, [('roi', F()), ('sc', F(*sc))])
    if o >= 11:
        save('Resize-sizes', o, [N('Resize', ['x', 'roi', 'sc', 'si'], ['y'], mode='linear')], [('x', [1, 2, 5, 7])], one, [('roi', F()), ('sc', F()), ('si', I(1, 2, 9, 4))])
    save('Conv-chain', o, [N('Conv', ['x', 'w'], ['c'], pads=[1, 1, 1, 1]), N('BatchNormalization', ['c', 's', 'b', 'm', 'v'], ['n']), N('Relu', ['n'], ['r']),
                           N('MaxPool', ['r'], ['p'], kernel_shape=[2, 2], strides=[2, 2]), N('Flatten', ['p'], ['f']), N('Gemm', ['f', 'g', 'h'], ['y'], transB=1)],
         [('x', [1, 3, 8, 8])], one, [('w', rng.normal(size=(4, 3, 3, 3)).astype(np.float32)), ('s', F(1, 2, 3, -1)), ('b', F(0, 1, 2, 0)), ('m', F(.1, .2, .3, .4)), ('v', F(1, 2, .5, 3)),
          ('g', rng.normal(size=(5, 64)).astype(np.float32)), ('h', F(1, 2, 3, 4, 5))])
    if o >= 9:
        save('Scatter', o, [N('Scatter' if o < 11 else 'ScatterElements', ['x', 'i', 'u'], ['y'], axis=1)], [('x', [1, 5])], one, [('i', I(1, 3).reshape(1, 2)), ('u', F(9, 8).reshape(1, 2))])
    body = lambda n, op: h.make_graph([N(op, ['r'], [n + '_a'], axes=[0]), N('Softmax', [n + '_a'], [n], axis=1)], n, [], [h.make_tensor_value_info(n, T.FLOAT, None)])
    nodes = [N('Relu', ['x'], ['q']), N('Identity', ['q'], ['r']), N('ReduceMax', ['x'], ['t'], keepdims=0), N('Cast', ['t'], ['c'], to=T.BOOL),
             N('If', ['c'], ['y'], then_branch=body('then', 'Unsqueeze'), else_branch=body('else', 'Unsqueeze'))]
    save('If', o, nodes, [('x', [2, 3, 4])], one)
`;
