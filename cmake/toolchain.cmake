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
  include(${CMAKE_CURRENT_LIST_DIR}/native.cmake)
else()
  if(NOT INSITU_EMSCRIPTEN_ROOT)
    message(FATAL_ERROR "Emscripten is not set up: run `npm run setup` first.")
  endif()
  include(${CMAKE_CURRENT_LIST_DIR}/emscripten.cmake)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${INSITU_NODE} --experimental-wasm-relaxed-simd)
endif()

if(INSITU_CCACHE)
  # Paths below the checkout are made relative, so that one checkout's objects serve the next.
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH checkout)
  set(launcher env CCACHE_BASEDIR=${checkout} CCACHE_NOHASHDIR=1
               CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_DEPEND=1
               CCACHE_PCH_EXTSUM=1 ${INSITU_CCACHE}
  )
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher} CACHE STRING "" FORCE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher} CACHE STRING "" FORCE)
endif()
