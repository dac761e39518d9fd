# CUDA as a language, and selfjudge::cuda: what its sources are compiled for. CUDACXX names the nvcc (scripts/setupCuda.mjs).
enable_language(CUDA)
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20) # CMake 3.25 does not know nvcc 13 can
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
set(CMAKE_CUDA_ARCHITECTURES "80-real;90a-real;90-virtual")
add_library(selfjudge_cuda_flags INTERFACE)
add_library(selfjudge::cuda ALIAS selfjudge_cuda_flags)
# Without -use_fast_math: exact division and square root, denormals kept.
target_compile_options(selfjudge_cuda_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CUDA>:-O3 --expt-relaxed-constexpr -Xptxas=-v -Xcompiler=-Wno-unknown-pragmas>)
