# Toolchain of every preset. The set-up writes build/setup.cmake with the places of compilers and
# third-party libraries; this file turns them into a native or an Emscripten toolchain, as the
# preset's INSITU_FLAVOUR says.
set(setup_file ${CMAKE_CURRENT_LIST_DIR}/../build/setup.cmake)
if(NOT EXISTS ${setup_file})
  message(FATAL_ERROR "This checkout is not set up: run `npm run setup` first.")
endif()
include(${setup_file})

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES INSITU_FLAVOUR)
if(INSITU_FLAVOUR STREQUAL native)
  set(CMAKE_C_COMPILER ${INSITU_CLANG})
  set(CMAKE_CXX_COMPILER ${INSITU_CLANGXX})
  set(CMAKE_LINKER_TYPE LLD)
else()
  if(NOT INSITU_EMSCRIPTEN_ROOT)
    message(FATAL_ERROR "Emscripten is not set up: run `npm run setup` first.")
  endif()
  include(${INSITU_EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${INSITU_NODE} --experimental-wasm-relaxed-simd)
endif()

if(INSITU_CCACHE)
  if(INSITU_FLAVOUR STREQUAL native)
    set(launcher ${INSITU_CCACHE})
  else()
    # emcc runs ccache itself, around the clang it calls.
    set(launcher ${CMAKE_COMMAND} -E env EM_COMPILER_WRAPPER=${INSITU_CCACHE})
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher} CACHE STRING "" FORCE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher} CACHE STRING "" FORCE)
endif()
