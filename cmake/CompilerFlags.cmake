# selfjudge::warnings, and selfjudge::arithmetic: where kernels fuse multiply and add they say so, so that bits do not
# depend on the compiler's choice.
add_library(selfjudge_warnings INTERFACE)
add_library(selfjudge::warnings ALIAS selfjudge_warnings)
target_compile_options(selfjudge_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra> $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>)

add_library(selfjudge_arithmetic INTERFACE)
add_library(selfjudge::arithmetic ALIAS selfjudge_arithmetic)
target_compile_options(selfjudge_arithmetic INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off> $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false>)
