#pragma once

#include <cstddef>
#include <memory>

#include "cuda_driver.h"

namespace calib::tensorrt {

// Owners of CUDA objects. Each must be created and destroyed while the thread has a PrimaryContext::Scope; constructors
// throw the errors of CudaDriver::check.

/** Memory of the GPU, at least one byte. */
class DeviceBuffer {
 public:
  explicit DeviceBuffer(std::size_t size_bytes);
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  CUdeviceptr address() const noexcept { return address_; }
  void* pointer() const noexcept { return reinterpret_cast<void*>(address_); }

 private:
  CUdeviceptr address_ = 0;
};

/** Page-locked memory of the host, at least one byte. */
class PinnedBuffer {
 public:
  explicit PinnedBuffer(std::size_t size_bytes);
  ~PinnedBuffer();
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  std::byte* data() const noexcept { return static_cast<std::byte*>(data_); }

 private:
  void* data_ = nullptr;
};

/** A stream that does not wait for the default stream. */
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  CUstream get() const noexcept { return stream_; }
  void synchronize() const;

 private:
  CUstream stream_ = nullptr;
};

/** An event that records the GPU's time. */
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(const Stream& stream) const;
  void synchronize() const;
  /** Milliseconds of the GPU's clock from `start` to this event; both must have completed. */
  double milliseconds_since(const Event& start) const;

 private:
  CUevent event_ = nullptr;
};

/** A captured sequence of GPU work, ready to be launched. */
class GraphExec {
 public:
  /** Takes ownership of `graph`, even if it throws. */
  explicit GraphExec(CUgraph graph);
  ~GraphExec();
  GraphExec(const GraphExec&) = delete;
  GraphExec& operator=(const GraphExec&) = delete;
  void launch(const Stream& stream) const;

 private:
  CUgraphExec exec_ = nullptr;
};

}  // namespace calib::tensorrt
