#pragma once

namespace calib::tensorrt {

// Codes of calib::Error that this folder uses.

/** A shared library cannot be opened, or lacks an entry point. */
inline constexpr const char* kLibraryMissing = "library-missing";
/** libnvinfer has another major than the headers, is too old, or conflicts with a library that is already open. */
inline constexpr const char* kLibraryVersion = "library-version";
/** libcuda cannot be opened or does not start. */
inline constexpr const char* kDriverMissing = "driver-missing";
/** The driver is older than this TensorRT requires. */
inline constexpr const char* kDriverOld = "driver-old";
inline constexpr const char* kNoGpu = "no-gpu";
inline constexpr const char* kOutOfMemory = "out-of-memory";
/** The parser or the builder refused the model. */
inline constexpr const char* kBuildFailed = "build-failed";
/** TensorRT does not accept the bytes as an engine. */
inline constexpr const char* kEngineRefused = "engine-refused";
/** The engine cannot run inside a CUDA graph. */
inline constexpr const char* kCaptureFailed = "capture-failed";
inline constexpr const char* kCancelled = "cancelled";
/** The caller violated the interface. */
inline constexpr const char* kWrongArgument = "wrong-argument";
/** CUDA or TensorRT failed unexpectedly. */
inline constexpr const char* kInternal = "internal";

}  // namespace calib::tensorrt
