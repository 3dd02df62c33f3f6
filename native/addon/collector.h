#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../ort/collector.h"
#include "job_thread.h"

namespace calib::addon {

/** [sync] writeOptimizedModel of index.d.ts. */
Napi::Value write_optimized_model(const Napi::CallbackInfo& info);

/** The class Collector of index.d.ts. */
class Collector : public Napi::ObjectWrap<Collector> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Collector(const Napi::CallbackInfo& info);

 private:
  Napi::Value count(const Napi::CallbackInfo& info);
  Napi::Value fingerprints(const Napi::CallbackInfo& info);
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value channel_maxima(const Napi::CallbackInfo& info);
  Napi::Value clear(const Napi::CallbackInfo& info);

  /** The collector, if no batch is running. */
  ort::Collector& idle();
  /** Reads the argument `feeds`; `job` keeps the memory of their values. */
  std::vector<ort::FeedView> feeds_argument(const Napi::CallbackInfo& info, Job& job) const;
  /** A job that keeps this object until it is done. */
  std::unique_ptr<Job> new_job(Napi::Env env);

  std::size_t input_count_ = 0;
  std::unique_ptr<ort::Collector> collector_;
  /** Declared last: it ends first. */
  std::unique_ptr<JobThread> thread_;
};

}  // namespace calib::addon
