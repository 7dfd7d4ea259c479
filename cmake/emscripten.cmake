# Emscripten's own toolchain file, except that objects are compiled by clang itself with the flags
# emcc would give it: starting Python for each of some thousand files took half of the build time.
# Linking is emcc's. The rules are replaced, not the compiler variables, because CMake reads
# Emscripten's file a second time. Needs INSITU_EMSCRIPTEN_ROOT, _CFLAGS, _CLANG, _CLANGXX, _AR and
# _RANLIB.
include(${INSITU_EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake)

set(CMAKE_C_FLAGS_INIT ${INSITU_EMSCRIPTEN_CFLAGS})
set(CMAKE_CXX_FLAGS_INIT ${INSITU_EMSCRIPTEN_CFLAGS})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILE_OBJECT
    "${INSITU_EMSCRIPTEN_CLANG} <DEFINES> <INCLUDES> <FLAGS> -o <OBJECT> -c <SOURCE>"
)
set(CMAKE_CXX_COMPILE_OBJECT
    "${INSITU_EMSCRIPTEN_CLANGXX} <DEFINES> <INCLUDES> <FLAGS> -o <OBJECT> -c <SOURCE>"
)
foreach(language C CXX)
  set(CMAKE_${language}_ARCHIVE_CREATE "${INSITU_EMSCRIPTEN_AR} qc <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_APPEND "${INSITU_EMSCRIPTEN_AR} q <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_FINISH "${INSITU_EMSCRIPTEN_RANLIB} <TARGET>")
endforeach()
set(CMAKE_CXX_LINK_EXECUTABLE
    "${INSITU_EMSCRIPTEN_ROOT}/em++ <CMAKE_CXX_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>"
)
