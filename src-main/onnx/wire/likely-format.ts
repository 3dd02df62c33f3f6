/** Guesses the format of a file that is not an ONNX model, for the error message. */
export interface LikelyFormat {
  readonly found: string;
  readonly hint: string;
}

const EXPORT_HINT = 'Export the network to ONNX first, for example with torch.onnx.export or tf2onnx.';
const CHOOSE_HINT = 'Choose the .onnx file of the network.';

const MAGIC: readonly { readonly at: number; readonly text: string; readonly format: LikelyFormat }[] = [
  {
    at: 0,
    text: 'version https://git-lfs',
    format: { found: 'a Git LFS pointer', hint: 'Fetch the real file: git lfs pull.' },
  },
  { at: 0, text: '\xff\xd8\xff', format: { found: 'a JPEG image', hint: CHOOSE_HINT } },
  { at: 0, text: '\x89PNG', format: { found: 'a PNG image', hint: CHOOSE_HINT } },
  { at: 0, text: 'PK\x03\x04', format: { found: 'a ZIP archive (as PyTorch and Keras save)', hint: EXPORT_HINT } },
  { at: 0, text: '\x89HDF', format: { found: 'an HDF5 file (as Keras saves)', hint: EXPORT_HINT } },
  { at: 0, text: '\x1f\x8b', format: { found: 'a gzip archive', hint: 'Unpack it first.' } },
  { at: 0, text: '\x93NUMPY', format: { found: 'a NumPy array', hint: CHOOSE_HINT } },
  { at: 4, text: 'TFL3', format: { found: 'a TensorFlow Lite model', hint: EXPORT_HINT } },
  {
    at: 4,
    text: 'ORTM',
    format: { found: 'an ONNX Runtime .ort model', hint: 'Use the .onnx file that it was made from.' },
  },
  { at: 0, text: '\x80\x02', format: { found: 'a Python pickle (as PyTorch saves)', hint: EXPORT_HINT } },
  { at: 0, text: 'ptrt', format: { found: 'a TensorRT engine', hint: 'Use the .onnx file that it was built from.' } },
  { at: 0, text: 'ftrt', format: { found: 'a TensorRT engine', hint: 'Use the .onnx file that it was built from.' } },
];

/** Judges by the first bytes of a file; null if they are not conclusive. */
export function likelyFormat(head: Uint8Array): LikelyFormat | null {
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join('');
  const known = MAGIC.find((magic) => text.startsWith(magic.text, magic.at));
  if (known !== undefined) return known.format;
  const isText =
    head.length > 0 && head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  return isText ? { found: 'plain text', hint: CHOOSE_HINT } : null;
}
