#pragma once

#include "cuda_driver.h"

namespace calib::tensorrt {

/**
 * Retains the primary context of one GPU; the driver counts the references and destroys the context after the last
 * release.
 */
class PrimaryContext {
 public:
  /** Throws wrong-argument for an index without a GPU, out-of-memory, and the errors of CudaDriver::get. */
  explicit PrimaryContext(int device);
  ~PrimaryContext();
  PrimaryContext(const PrimaryContext&) = delete;
  PrimaryContext& operator=(const PrimaryContext&) = delete;

  /**
   * Makes the context current for this thread during its lifetime. Every thread that calls CUDA or TensorRT, including
   * destructors of their objects, needs one.
   */
  class Scope {
   public:
    explicit Scope(const PrimaryContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const CudaDriver& driver_;
    bool is_pushed_ = false;
  };

 private:
  const CudaDriver& driver_;
  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
};

}  // namespace calib::tensorrt
