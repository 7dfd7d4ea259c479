# The native toolchain: clang of version 19 as the set-up found it. Needs INSITU_CLANG and
# INSITU_CLANGXX.
set(CMAKE_C_COMPILER ${INSITU_CLANG})
set(CMAKE_CXX_COMPILER ${INSITU_CLANGXX})
