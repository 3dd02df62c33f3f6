import { createRandom } from '../support/random';
import { deflateRawSync } from 'node:zlib';

/** A project file of version 1, with every field that a person can set. */
export const SAMPLE_PROJECT = {
  version: 1,
  name: 'plates',
  model: {
    path: '../model.onnx',
    sha256: 'ab'.repeat(32),
    weights: [{ file: 'model.onnx.data', sha256: 'cd'.repeat(32) }],
  },
  calibrationSet: { path: '../images/calibration', labels: null },
  validationSet: { path: '../images/validation', labels: '../images/labels.csv' },
  preprocessing: {
    resize: { kind: 'letterbox', width: 64, height: 64, pad: 114 },
    crop: { width: 32, height: 32 },
    order: 'rgb',
    scale: 1 / 255,
    mean: [0.5, 0.4, 0.3],
    std: [1],
    layout: 'nchw',
  },
  preprocessingNotes: ['Layout NCHW.'],
  method: 'entropy',
  percentile: 99.99,
  tensorMethods: { '/conv/Relu_output_0': 'manual', toString: 'mse' },
  manualThresholds: { '/conv/Relu_output_0': 3.25 },
  importedThresholds: {},
  plan: { layers: { '/head/Gemm': 'fp16' }, fallbackPrecision: 'fp32', repairs: { equalization: true } },
  target: 'tensorrt',
  gates: { maxTop1Drop: 0.5, maxWorstGroupDrop: 1, minTop1: null, maxLatencyMs: null },
};

/** A NumPy array file of format version 1 (numpy.lib.format) with reproducible values. */
export function npyFile(descr: string, shape: readonly number[]): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`, 'latin1');
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  const random = createRandom(shape.length);
  const width = Number(descr.slice(2));
  const count = shape.reduce((product, dim) => product * dim, 1);
  const values = Buffer.alloc(count * width);
  for (let i = 0; i < count; i += 1) {
    if (width === 1) values[i] = Math.floor(random() * 256);
    else if (descr === '>f8') values.writeDoubleBE(random(), i * width);
    else values.writeFloatLE(random(), i * width);
  }
  return Buffer.concat([prefix, header, values]);
}

/** An archive of two arrays, as numpy.savez and numpy.savez_compressed write them (zip specification 4.3). */
export function npzFile(isDeflated: boolean): Buffer {
  const members = [
    { name: 'images.npy', bytes: npyFile('<f4', [2, 3, 4, 4]) },
    { name: 'labels.npy', bytes: npyFile('|u1', [4]) },
  ];
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of members) {
    const stored = isDeflated ? deflateRawSync(bytes) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(isDeflated ? 8 : 0, 4);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), stored]);
    const entry = Buffer.concat([
      Buffer.from('PK\x01\x02\x14\0', 'latin1'),
      common,
      Buffer.alloc(14),
      Buffer.from(name),
    ]);
    entry.writeUInt32LE(offset, 42);
    locals.push(local);
    directory.push(entry);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, entries, end]);
}

/** Label files of each format that describes boxes, and of class names. */
export const boxSeeds: readonly { readonly kind: 'yolo' | 'voc' | 'coco' | 'yaml'; readonly text: string }[] = [
  { kind: 'yolo', text: '0 0.5 0.5 0.25 0.25\n17 .1 .2 .3 .4 0.9\n3 0.1 0.1 0.9 0.1 0.5 0.8\r\n' },
  {
    kind: 'voc',
    text:
      '<?xml version="1.0"?><!DOCTYPE annotation [<!ENTITY e "x">]><annotation><filename>a.jpg</filename><size>' +
      '<width>2</width></size><object><name>a &amp; b</name><difficult>1</difficult><bndbox><xmin>1</xmin>' +
      '<ymin>2.5</ymin><xmax>30</xmax><ymax>40</ymax></bndbox><part><name>head</name></part></object></annotation>',
  },
  {
    kind: 'coco',
    text: JSON.stringify({
      info: { description: 'a "quoted" [text]' },
      annotations: [
        { id: 1, image_id: 1, category_id: 2, bbox: [0.5, 0, 1, 1], area: 1, iscrowd: 0, segmentation: [[1, 2, 3]] },
        { id: 2, image_id: 1, category_id: 90, bbox: [0, 0, -1, 1e9], iscrowd: 1 },
      ],
      images: [{ id: 1, file_name: 'val\\a.png', width: 2, height: 1 }],
      categories: [
        { id: 90, name: 'cat', supercategory: 'animal' },
        { id: 2, name: 'animal' },
      ],
    }),
  },
  { kind: 'yaml', text: 'path: x\nnames:\n  0: cat # first\n  1: "dog, big"\nnc: 2\nkpt_shape: [17, 3]\n' },
  { kind: 'yaml', text: "names: [cat, 'it''s', \n \"a: b\"] # all\n" },
];
