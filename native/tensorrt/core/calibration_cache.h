#pragma once

#include <NvInfer.h>

#if NV_TENSORRT_MAJOR < 11

#include <memory>

#include "build_request.h"

namespace calib::tensorrt {

/**
 * A calibrator without images that answers from a calibration cache. Its kind, Entropy2 or MinMax, is the one that the
 * first line of the cache names, because TensorRT accepts no cache of another kind. Throws wrong-argument for any other
 * first line.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
std::unique_ptr<nvinfer1::IInt8Calibrator> calibrator_of(const Bytes& cache);
#pragma GCC diagnostic pop

}  // namespace calib::tensorrt

#endif
