#include "cuda_context.h"

#include "gpu_device.h"

namespace calib::tensorrt {

PrimaryContext::PrimaryContext(int device) : driver_(CudaDriver::get()) {
  check_device(device);
  driver_.check(driver_.device_get(&device_, device), "Opening the GPU");
  driver_.check(driver_.primary_ctx_retain(&context_, device_), "Opening the GPU");
}

PrimaryContext::~PrimaryContext() {
  driver_.primary_ctx_release(device_);
}

PrimaryContext::Scope::Scope(const PrimaryContext& context) : driver_(context.driver_) {
  // A failure is reported by the next CUDA call; destructors, which also open scopes, must not throw.
  is_pushed_ = driver_.ctx_push_current(context.context_) == CUDA_SUCCESS;
}

PrimaryContext::Scope::~Scope() {
  CUcontext popped = nullptr;
  if (is_pushed_) driver_.ctx_pop_current(&popped);
}

}  // namespace calib::tensorrt
