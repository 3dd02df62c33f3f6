#include "calibration_cache.h"

#if NV_TENSORRT_MAJOR < 11

#include <algorithm>

#include "../../core/error.h"
#include "codes.h"

// Calibrators are deprecated since TensorRT 10.1 and removed in 11.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace calib::tensorrt {

namespace {

constexpr std::size_t kQuotedBytes = 80;

template <typename Base>
class CachedCalibrator final : public Base {
 public:
  explicit CachedCalibrator(const Bytes& cache) : cache_(cache) {}

  // No batches are read, but a network input has this size while TensorRT looks up the cache.
  std::int32_t getBatchSize() const noexcept override { return 1; }
  bool getBatch(void* /*bindings*/[], char const* /*names*/[], std::int32_t /*count*/) noexcept override {
    return false;
  }
  void const* readCalibrationCache(std::size_t& length) noexcept override {
    length = cache_.size();
    return cache_.data();
  }
  void writeCalibrationCache(void const* /*cache*/, std::size_t /*length*/) noexcept override {}

 private:
  const Bytes cache_;
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::unique_ptr<nvinfer1::IInt8Calibrator> calibrator_of(const Bytes& cache) {
  std::string line(cache.begin(), std::find(cache.begin(), cache.end(), '\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (ends_with(line, "-EntropyCalibration2"))
    return std::make_unique<CachedCalibrator<nvinfer1::IInt8EntropyCalibrator2>>(cache);
  if (ends_with(line, "-MinMaxCalibration"))
    return std::make_unique<CachedCalibrator<nvinfer1::IInt8MinMaxCalibrator>>(cache);
  throw Error(kWrongArgument,
              "Expected the calibration cache to begin with TRT-<version>-EntropyCalibration2 or "
              "TRT-<version>-MinMaxCalibration, found \"" +
                  line.substr(0, kQuotedBytes) + "\"");
}

}  // namespace calib::tensorrt

#endif
