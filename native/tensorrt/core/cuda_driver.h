#pragma once

#include <cuda.h>

#include <string>

namespace calib::tensorrt {

/**
 * The CUDA driver API, opened at run time from libcuda.so.1. Members have the names of the driver's functions; the
 * names of their symbols (`_v2`) are in cuda_driver.cpp, because the headers rename the functions by version.
 */
struct CudaDriver {
  /**
   * Opens and starts the driver once. Throws driver-missing, driver-old or no-gpu; after a failure, the next call tries
   * again. May be called from any thread.
   */
  static const CudaDriver& get();

  /** Throws out-of-memory or internal, with the driver's name of the error, unless `result` is success. */
  void check(CUresult result, const char* what) const;
  /** The driver's name of an error, such as CUDA_ERROR_INVALID_VALUE. */
  std::string error_name(CUresult result) const;

  /** CUDA version of the driver, 1000 * major + 10 * minor. */
  int version = 0;

  CUresult (*init)(unsigned int);
  CUresult (*driver_get_version)(int*);
  CUresult (*get_error_name)(CUresult, const char**);
  CUresult (*device_get_count)(int*);
  CUresult (*device_get)(CUdevice*, int);
  CUresult (*device_get_name)(char*, int, CUdevice);
  CUresult (*device_get_uuid)(CUuuid*, CUdevice);
  CUresult (*device_get_attribute)(int*, CUdevice_attribute, CUdevice);
  CUresult (*device_get_pci_bus_id)(char*, int, CUdevice);
  CUresult (*device_total_mem)(std::size_t*, CUdevice);
  CUresult (*primary_ctx_retain)(CUcontext*, CUdevice);
  CUresult (*primary_ctx_release)(CUdevice);
  CUresult (*ctx_push_current)(CUcontext);
  CUresult (*ctx_pop_current)(CUcontext*);
  CUresult (*mem_alloc)(CUdeviceptr*, std::size_t);
  CUresult (*mem_free)(CUdeviceptr);
  CUresult (*mem_alloc_host)(void**, std::size_t);
  CUresult (*mem_free_host)(void*);
  CUresult (*memcpy_to_device)(CUdeviceptr, const void*, std::size_t, CUstream);
  CUresult (*memcpy_to_host)(void*, CUdeviceptr, std::size_t, CUstream);
  CUresult (*stream_create)(CUstream*, unsigned int);
  CUresult (*stream_destroy)(CUstream);
  CUresult (*stream_synchronize)(CUstream);
  CUresult (*stream_begin_capture)(CUstream, CUstreamCaptureMode);
  CUresult (*stream_end_capture)(CUstream, CUgraph*);
  CUresult (*graph_instantiate)(CUgraphExec*, CUgraph, unsigned long long);
  CUresult (*graph_launch)(CUgraphExec, CUstream);
  CUresult (*graph_destroy)(CUgraph);
  CUresult (*graph_exec_destroy)(CUgraphExec);
  CUresult (*event_create)(CUevent*, unsigned int);
  CUresult (*event_destroy)(CUevent);
  CUresult (*event_record)(CUevent, CUstream);
  CUresult (*event_synchronize)(CUevent);
  CUresult (*event_elapsed_time)(float*, CUevent, CUevent);
};

}  // namespace calib::tensorrt
