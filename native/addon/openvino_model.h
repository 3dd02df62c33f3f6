#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "../openvino/compiled_model.h"
#include "job_thread.h"

namespace calib::addon {

/** openvinoStatus of index.d.ts. */
Napi::Value openvino_status(const Napi::CallbackInfo& info);

/** The class OpenvinoModel of index.d.ts. */
class OpenvinoModel : public Napi::ObjectWrap<OpenvinoModel> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit OpenvinoModel(const Napi::CallbackInfo& info);

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value infer(const Napi::CallbackInfo& info);
  Napi::Value time(const Napi::CallbackInfo& info);
  Napi::Value profile(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /** Throws Error if a job runs. */
  void require_idle() const;
  openvino::CompiledModel& opened();
  std::vector<openvino::Feed> feeds_argument(const Napi::CallbackInfo& info, Job& job);
  std::unique_ptr<Job> new_job(Napi::Env env);

  std::string library_;
  openvino::CompileOptions options_;
  std::unique_ptr<openvino::CompiledModel> model_;
  /** Declared last: it ends first. */
  std::unique_ptr<JobThread> thread_;
};

}  // namespace calib::addon
