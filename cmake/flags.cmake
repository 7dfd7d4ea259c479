# Compile and link flags. insitu_flags: what every target of the flavour needs (instruction set,
# threads, sanitizers). insitu_engine_flags: what engine/ and bindings/ promise (no exceptions, no
# RTTI, no warnings).
add_library(insitu_flags INTERFACE)
target_compile_features(insitu_flags INTERFACE cxx_std_23)
set(CMAKE_CXX_EXTENSIONS OFF)

if(INSITU_FLAVOUR STREQUAL native)
  target_compile_options(insitu_flags INTERFACE -fno-omit-frame-pointer)
  # Native XNNPACK is built up to AVX2; our own code stays at the baseline, so it runs anywhere.
  target_link_options(insitu_flags INTERFACE -fuse-ld=lld-19)
else()
  target_compile_options(insitu_flags INTERFACE -msimd128)
  if(INSITU_FLAVOUR MATCHES "^relaxed")
    target_compile_options(insitu_flags INTERFACE -mrelaxed-simd)
  endif()
  if(INSITU_FLAVOUR MATCHES "-mt$")
    target_compile_options(insitu_flags INTERFACE -pthread)
    target_link_options(insitu_flags INTERFACE -pthread)
  endif()
endif()

if(INSITU_SANITIZE)
  # vptr checks need RTTI, which the engine has not.
  set(sanitize -fsanitize=${INSITU_SANITIZE} -fno-sanitize-recover=all -fno-sanitize=vptr)
  target_compile_options(insitu_flags INTERFACE ${sanitize})
  target_link_options(insitu_flags INTERFACE ${sanitize})
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
