#include "cuda_objects.h"

#include <algorithm>

namespace calib::tensorrt {

namespace {

const CudaDriver& driver() {
  return CudaDriver::get();
}

}  // namespace

DeviceBuffer::DeviceBuffer(std::size_t size_bytes) {
  driver().check(driver().mem_alloc(&address_, std::max<std::size_t>(size_bytes, 1)), "Reserving memory of the GPU");
}

DeviceBuffer::~DeviceBuffer() {
  driver().mem_free(address_);
}

PinnedBuffer::PinnedBuffer(std::size_t size_bytes) {
  driver().check(driver().mem_alloc_host(&data_, std::max<std::size_t>(size_bytes, 1)), "Reserving page-locked memory");
}

PinnedBuffer::~PinnedBuffer() {
  driver().mem_free_host(data_);
}

Stream::Stream() {
  driver().check(driver().stream_create(&stream_, CU_STREAM_NON_BLOCKING), "Making a stream");
}

Stream::~Stream() {
  driver().stream_destroy(stream_);
}

void Stream::synchronize() const {
  driver().check(driver().stream_synchronize(stream_), "Waiting for the GPU");
}

Event::Event() {
  driver().check(driver().event_create(&event_, CU_EVENT_DEFAULT), "Making an event");
}

Event::~Event() {
  driver().event_destroy(event_);
}

void Event::record(const Stream& stream) const {
  driver().check(driver().event_record(event_, stream.get()), "Recording an event");
}

void Event::synchronize() const {
  driver().check(driver().event_synchronize(event_), "Waiting for the GPU");
}

double Event::milliseconds_since(const Event& start) const {
  float milliseconds = 0.0F;
  driver().check(driver().event_elapsed_time(&milliseconds, start.event_, event_),
                 "Reading the time between two events");
  return milliseconds;
}

GraphExec::GraphExec(CUgraph graph) {
  const CUresult made = driver().graph_instantiate(&exec_, graph, 0);
  driver().graph_destroy(graph);
  driver().check(made, "Preparing the CUDA graph");
}

GraphExec::~GraphExec() {
  driver().graph_exec_destroy(exec_);
}

void GraphExec::launch(const Stream& stream) const {
  driver().check(driver().graph_launch(exec_, stream.get()), "Launching the CUDA graph");
}

}  // namespace calib::tensorrt
