# Imported targets for the libraries that the set-up built: insitu::xnnpack_ISA, insitu::protobuf_lite,
# insitu::catch2 (absent with threads) and insitu_onnx_proto. Their include folders reach only who
# links them: exec/xnn, onnx and tests.
function(insitu_archive target flavour)
  cmake_parse_arguments(ARG "" "LIBRARY" "FILES;LINKS" ${ARGN})
  set(dir ${INSITU_DIR_${flavour}_${ARG_LIBRARY}})
  if(NOT dir)
    return()
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  list(TRANSFORM ARG_FILES PREPEND ${dir}/lib/lib OUTPUT_VARIABLE files)
  list(TRANSFORM files APPEND .a)
  target_link_libraries(${target} INTERFACE ${files} ${ARG_LINKS})
  if(IS_DIRECTORY ${dir}/include)
    target_include_directories(${target} SYSTEM INTERFACE ${dir}/include)
  endif()
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
if(INSITU_FLAVOUR STREQUAL native)
  find_package(Threads REQUIRED)
  set(threads Threads::Threads)
endif()

foreach(isa ${INSITU_ISAS})
  set(any ${isa}-${INSITU_FLAVOUR})
  if(INSITU_FLAVOUR STREQUAL native)
    set(any native)
    if(INSITU_SANITIZE STREQUAL thread)
      set(any native-tsan)
    endif()
  endif()
  insitu_archive(insitu::xnnpack_kernels_${isa} ${any} LIBRARY xnnpack_kernels FILES xnnpack_kernels)
  insitu_archive(
    insitu::xnnpack_${isa} ${any} LIBRARY xnnpack_core FILES xnnpack_core
    LINKS insitu::xnnpack_kernels_${isa} insitu::pthreadpool
  )
endforeach()
# Those without kernels are the same for every instruction set.
insitu_archive(insitu::pthreadpool "${any}" LIBRARY pthreadpool FILES pthreadpool LINKS ${threads})
insitu_archive(insitu::protobuf_lite "${any}" LIBRARY protobuf FILES protobuf_lite LINKS ${threads})
insitu_archive(insitu::catch2 "${any}" LIBRARY catch2 FILES Catch2Main Catch2)

if(NOT INSITU_ISAS OR NOT TARGET insitu::protobuf_lite)
  message(FATAL_ERROR "Libraries of flavour ${INSITU_FLAVOUR} are not built: run `npm run setup`.")
endif()

add_library(insitu_onnx_proto STATIC ${INSITU_ONNX_PROTO_DIR}/onnx-ml.pb.cc)
target_include_directories(insitu_onnx_proto SYSTEM PUBLIC ${INSITU_ONNX_PROTO_DIR})
target_link_libraries(insitu_onnx_proto PUBLIC insitu::protobuf_lite PRIVATE insitu_flags)
target_compile_options(insitu_onnx_proto PRIVATE -w -fno-exceptions -fno-rtti)
