#include "objects.h"

namespace calib::tensorrt::addon {

namespace {

/** A random tag that distinguishes a token from any other object. */
constexpr napi_type_tag kTag = {0x5d0f1b9c7e6a4382ULL, 0x9b41c2f07a8d3e65ULL};

}  // namespace

Napi::Function CancelTokenObject::define(Napi::Env env) {
  return DefineClass(env, "CancelToken", {InstanceMethod<&CancelTokenObject::cancel>("cancel")});
}

CancelTokenObject::CancelTokenObject(const Napi::CallbackInfo& info) : Wrapped(info) {
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

CancelFlag CancelTokenObject::flag_of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    throw Error(kWrongArgument, "Expected token to come from createCancelToken()");
  return Unwrap(value.As<Napi::Object>())->native_;
}

/** [sync] */
Napi::Value CancelTokenObject::cancel(const Napi::CallbackInfo& info) {
  *native_ = true;
  return info.Env().Undefined();
}

}  // namespace calib::tensorrt::addon
