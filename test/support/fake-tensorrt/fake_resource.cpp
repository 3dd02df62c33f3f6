// A libnvinfer_builder_resource that only has to be found.
extern "C" int fake_builder_resource() {
  return 1;
}
