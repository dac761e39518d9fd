# selfjudge::emulated_tiles: AMX's tile instructions in plain code (native/test/amx_emulation.h), for tests.
option(SELFJUDGE_EMULATE_AMX "Build the addon over emulated tiles" OFF)
add_library(selfjudge_emulated_tiles INTERFACE)
add_library(selfjudge::emulated_tiles ALIAS selfjudge_emulated_tiles)
target_compile_definitions(selfjudge_emulated_tiles INTERFACE SELFJUDGE_EMULATE_AMX)
