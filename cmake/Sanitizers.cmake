# selfjudge::sanitizers: what SELFJUDGE_SANITIZE asks for, nothing by default.
set(SELFJUDGE_SANITIZE "" CACHE STRING "What -fsanitize gets: address,undefined or thread")
add_library(selfjudge_sanitizers INTERFACE)
add_library(selfjudge::sanitizers ALIAS selfjudge_sanitizers)
if(SELFJUDGE_SANITIZE)
  target_compile_options(selfjudge_sanitizers INTERFACE
    -fsanitize=${SELFJUDGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(selfjudge_sanitizers INTERFACE -fsanitize=${SELFJUDGE_SANITIZE})
endif()

# Sources that are built without, for tests of what uses them: instrumented kernels take minutes to build.
function(selfjudge_never_sanitize)
  if(SELFJUDGE_SANITIZE)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-fno-sanitize=all;-O0")
  endif()
endfunction()
