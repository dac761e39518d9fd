# selfjudge::node: Node-API's headers. They come from npm packages, never from the network: cmake-js passes their folders
# (package.json has binary.napi_versions); a plain `cmake -S . -B build` asks node for the same ones.
if(NOT CMAKE_JS_INC)
  find_program(NODE_EXECUTABLE node REQUIRED)
  execute_process(
    COMMAND ${NODE_EXECUTABLE} -p
      "[require('node-api-headers').include_dir, require('node-addon-api').include_dir].map(p => require('path').resolve(p)).join(';')"
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    OUTPUT_VARIABLE CMAKE_JS_INC OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
add_library(selfjudge_node INTERFACE)
add_library(selfjudge::node ALIAS selfjudge_node)
target_include_directories(selfjudge_node SYSTEM INTERFACE ${CMAKE_JS_INC})
target_sources(selfjudge_node INTERFACE ${CMAKE_JS_SRC})
target_link_libraries(selfjudge_node INTERFACE ${CMAKE_JS_LIB})
# Unthrowable exceptions (a worker being terminated cannot run JavaScript) are dropped instead of aborting.
target_compile_definitions(selfjudge_node INTERFACE
  NAPI_VERSION=9 NAPI_CPP_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
