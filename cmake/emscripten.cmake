# Emscripten's own toolchain file, except that objects are compiled by clang itself with the flags
# emcc would give it: starting Python for each of some thousand files took half of the build time.
# Linking is emcc's. Needs INSITU_EMSCRIPTEN_ROOT, _CFLAGS, _CLANG, _CLANGXX, _AR and _RANLIB.
include(${INSITU_EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake)

set(CMAKE_C_COMPILER ${INSITU_EMSCRIPTEN_CLANG})
set(CMAKE_CXX_COMPILER ${INSITU_EMSCRIPTEN_CLANGXX})
set(CMAKE_C_FLAGS_INIT ${INSITU_EMSCRIPTEN_CFLAGS})
set(CMAKE_CXX_FLAGS_INIT ${INSITU_EMSCRIPTEN_CFLAGS})
foreach(language "" C_COMPILER_ CXX_COMPILER_)
  set(CMAKE_${language}AR ${INSITU_EMSCRIPTEN_AR})
  set(CMAKE_${language}RANLIB ${INSITU_EMSCRIPTEN_RANLIB})
endforeach()
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_CXX_LINK_EXECUTABLE
    "${INSITU_EMSCRIPTEN_ROOT}/em++ <CMAKE_CXX_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>"
)
