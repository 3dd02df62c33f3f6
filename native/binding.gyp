{
  'targets': [
    {
      'target_name': 'calib',
      'sources': [
        'addon/addon.cpp',
        'addon/collector.cpp',
        'addon/histogram_set.cpp',
        'addon/images.cpp',
        'addon/job_thread.cpp',
        'addon/pieces.cpp',
        'addon/tensor_functions.cpp',
        'addon/tensorrt_grid_set.cpp',
        'core/accumulator.cpp',
        'core/channel_maxima.cpp',
        'core/chunk_kernels.cpp',
        'core/histogram.cpp',
        'core/histogram_codec.cpp',
        'core/image.cpp',
        'core/tensor_counts.cpp',
        'core/tensorrt_grid.cpp',
        'core/vulkan_devices.cpp',
        'ort/api.cpp',
        'ort/collector.cpp',
      ],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED'],
      'cflags!': ['-fno-exceptions'],
      'cflags_cc!': ['-fno-exceptions', '-std=gnu++20', '-std=gnu++17'],
      # No contraction to fused multiply-add: the counts must have the same bits on every processor.
      'cflags_cc': ['-std=c++17', '-O3', '-ffp-contract=off', '-fexceptions', '-fvisibility=hidden', '-Wall', '-Wextra'],
      'xcode_settings': {
        'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
        'GCC_OPTIMIZATION_LEVEL': '3',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'OTHER_CPLUSPLUSFLAGS': ['-ffp-contract=off'],
      },
      'msvs_settings': {
        'VCCLCompilerTool': { 'ExceptionHandling': 1, 'FloatingPointModel': 0, 'AdditionalOptions': ['/std:c++17'] },
      },
    },
  ],
}
