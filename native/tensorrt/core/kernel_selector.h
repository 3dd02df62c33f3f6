#pragma once

#include <NvInfer.h>

#include <map>
#include <string>
#include <vector>

#include "build_request.h"

namespace calib::tensorrt {

#if NV_TENSORRT_MAJOR < 11

#pragma GCC diagnostic push
// Deprecated since TensorRT 10.8 and removed in 11; 10.6 has nothing in its place.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/**
 * Records which kernels the builder has for each layer of the engine and which one it takes, and makes it take those
 * that are asked for. It must outlive the build. Only for builds with one profile: with several, the builder reports
 * the layers of each of them by the same names.
 */
class KernelSelector final : public nvinfer1::IAlgorithmSelector {
 public:
  explicit KernelSelector(const std::vector<KernelChoice>& choices);

  std::int32_t selectAlgorithms(const nvinfer1::IAlgorithmContext& context,
                                const nvinfer1::IAlgorithm* const* algorithms, std::int32_t count,
                                std::int32_t* selection) noexcept override;
  void reportAlgorithms(const nvinfer1::IAlgorithmContext* const* contexts,
                        const nvinfer1::IAlgorithm* const* algorithms, std::int32_t count) noexcept override;

  /** Layers in the order in which the builder asked for them. */
  std::vector<LayerKernels> layers() const;

 private:
  std::map<std::string, KernelChoice> choices_;
  std::vector<LayerKernels> layers_;
  std::map<std::string, std::size_t> index_of_;
};

#pragma GCC diagnostic pop

#endif

}  // namespace calib::tensorrt
