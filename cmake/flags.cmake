# Compile and link flags. insitu_flags: what every target of the flavour needs (threads, sanitizers).
# insitu_flags_ISA: what the kernels of one instruction set need on top; INSITU_ISAS lists those that
# are set up. insitu_engine_flags: what engine/ and bindings/ promise (no exceptions, no RTTI, no
# warnings).
add_library(insitu_flags INTERFACE)
target_compile_features(insitu_flags INTERFACE cxx_std_23)
set(CMAKE_CXX_EXTENSIONS OFF)

if(INSITU_FLAVOUR STREQUAL native)
  target_compile_options(insitu_flags INTERFACE -fno-omit-frame-pointer)
  # Native XNNPACK is built up to AVX2; our own code stays at the baseline, so it runs anywhere.
  target_link_options(insitu_flags INTERFACE -fuse-ld=lld-19)
else()
  target_compile_options(insitu_flags INTERFACE -msimd128)
  if(INSITU_FLAVOUR STREQUAL mt)
    target_compile_options(insitu_flags INTERFACE -pthread)
    target_link_options(insitu_flags INTERFACE -pthread)
  endif()
endif()

set(INSITU_ISAS native)
if(NOT INSITU_FLAVOUR STREQUAL native)
  set(INSITU_ISAS simd relaxed)
  foreach(isa simd relaxed)
    if(NOT INSITU_DIR_${isa}-${INSITU_FLAVOUR}_xnnpack_core)
      list(REMOVE_ITEM INSITU_ISAS ${isa})
    endif()
  endforeach()
endif()
foreach(isa ${INSITU_ISAS})
  add_library(insitu_flags_${isa} INTERFACE)
endforeach()
if(TARGET insitu_flags_relaxed)
  target_compile_options(insitu_flags_relaxed INTERFACE -mrelaxed-simd)
  target_link_options(insitu_flags_relaxed INTERFACE -mrelaxed-simd)
endif()

if(INSITU_SANITIZE)
  # vptr checks need RTTI, which the engine has not.
  set(sanitize -fsanitize=${INSITU_SANITIZE} -fno-sanitize-recover=all -fno-sanitize=vptr)
  target_compile_options(insitu_flags INTERFACE ${sanitize})
  target_link_options(insitu_flags INTERFACE ${sanitize})
endif()

if(INSITU_FUZZ)
  target_compile_options(insitu_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(insitu_engine_flags INTERFACE)
target_link_libraries(insitu_engine_flags INTERFACE insitu_flags)
target_compile_options(
  insitu_engine_flags INTERFACE -fno-exceptions -fno-rtti -Wall -Wextra -Werror
                                -Wno-unused-command-line-argument
)
# Without RTTI the lite runtime and Embind must not ask for type names.
target_compile_definitions(
  insitu_engine_flags INTERFACE GOOGLE_PROTOBUF_NO_RTTI=1 EMSCRIPTEN_HAS_UNBOUND_TYPE_NAMES=0
)
