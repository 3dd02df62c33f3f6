#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "../core/codes.h"
#include "../core/engine.h"
#include "../core/library.h"
#include "../core/runner.h"
#include "arguments.h"
#include "environment.h"
#include "errors.h"

namespace calib::tensorrt::addon {

/** Base of the classes: passes the native object to a constructor that JavaScript can call but not supply with one. */
template <typename Class, typename Native>
class Wrapped : public Napi::ObjectWrap<Class> {
 public:
  static Napi::Object make(Napi::FunctionReference& constructor, Native native) {
    struct Reset {
      ~Reset() { pending = nullptr; }
    } reset;
    pending = &native;
    return constructor.New({});
  }

 protected:
  explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Class>(info) {
    if (pending == nullptr) {
      guarded(info.Env(), []() -> void {
        throw Error(kWrongArgument, "This class cannot be constructed; its objects come from the methods of others");
      });
    }
    native_ = std::move(*std::exchange(pending, nullptr));
  }

  static void constant(const Napi::CallbackInfo& info, const char* name, Napi::Value value) {
    info.This().As<Napi::Object>().DefineProperty(Napi::PropertyDescriptor::Value(name, value, napi_enumerable));
  }

  /** Null after close(). */
  Native native_;

 private:
  static inline thread_local Native* pending = nullptr;
};

class CancelTokenObject : public Wrapped<CancelTokenObject, CancelFlag> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CancelTokenObject(const Napi::CallbackInfo& info);
  /** Throws wrong-argument unless `value` is a token of this addon. */
  static CancelFlag flag_of(const Napi::Value& value);

 private:
  Napi::Value cancel(const Napi::CallbackInfo& info);
};

class LibraryObject : public Wrapped<LibraryObject, std::shared_ptr<Library>> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit LibraryObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value build(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
};

class EngineObject : public Wrapped<EngineObject, std::shared_ptr<Engine>> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineObject(const Napi::CallbackInfo& info);

 private:
  std::shared_ptr<Engine> open_engine() const;
  Napi::Value inspect(const Napi::CallbackInfo& info);
  Napi::Value create_runner(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
};

class RunnerObject : public Wrapped<RunnerObject, std::shared_ptr<Runner>> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit RunnerObject(const Napi::CallbackInfo& info);

 private:
  /** Throws wrong-argument after close() and while a call is pending. */
  std::shared_ptr<Runner> idle_runner() const;
  Napi::Value infer(const Napi::CallbackInfo& info);
  Napi::Value time(const Napi::CallbackInfo& info);
  Napi::Value time_plain(const Napi::CallbackInfo& info);
  Napi::Value profile_layers(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  template <typename Result>
  Napi::Value start(Napi::Env env, std::function<Result(Runner&)> work,
                    std::function<Napi::Value(Napi::Env, const Runner&, const Result&)> finish);

  /** Shared with the pending call, which may outlive this object. Only the JS thread uses it. */
  const std::shared_ptr<bool> is_busy_ = std::make_shared<bool>(false);
};

Napi::Array shape_array(Napi::Env env, const Shape& shape);

}  // namespace calib::tensorrt::addon
