import { PREPROCESSING_FLAGS, type PreprocessingFlag } from '../calibration/preprocessing/preprocess-flags';

/** The preprocessing flags for parseFlags. */
export const PREPROCESSING_OPTIONS = Object.fromEntries(
  PREPROCESSING_FLAGS.map((flag) => [flag, { type: 'string' }]),
) as Record<PreprocessingFlag, { readonly type: 'string' }>;

export const PREPROCESSING_USAGE = `PREPROCESSING (x = (pixel * scale - mean) / std; what is not given is guessed from the model and said so)
  --resize WxH          stretch               --order rgb|bgr|gray
  --resize-short N      short side            --scale X          also 1/255
  --crop WxH|N          centre crop           --mean a[,b,c]
  --letterbox WxH       fit at the top left   --std a[,b,c]
  --pad V               letterbox filling     --layout nchw|nhwc
  --crop-rounding half-even|down   half of an odd crop margin: to the even number, as torchvision does (the default),
                               or down
  --orientation ignore|apply   turn images as their EXIF data says (ignored by default, as Pillow opens files)`;
