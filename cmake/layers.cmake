# CMake would also name the header by its absolute path, and the objects of one checkout then not serve
# the next; the precompiled one says it all.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)

# Compiles the headers once for the target. ccache is to look at the headers in it, which it finds among
# the dependencies of every object, and not at the precompiled file, which holds absolute paths.
function(insitu_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum "headers")
endfunction()

# insitu_layer(NAME [FOLDER engine/...] [LINKS layers...] [PRIVATE_LINKS targets...] [EXCEPT folders...]
#              [HEADERS headers... | HEADERS_OF LAYER] [FAST])
# makes the static library insitu_NAME from the .cc files below the layer's folder, so that adding
# an operator is one file and one line. A layer without sources is an interface library: nothing
# breaks while it is empty.
# HEADERS headers... are compiled once for the layer, HEADERS_OF LAYER takes those of another layer:
# most of the time a file takes to compile is for the headers that all include.
# A layer that is not FAST is compiled to be small where it is downloaded.
function(insitu_layer name)
  cmake_parse_arguments(ARG "FAST" "FOLDER;HEADERS_OF" "LINKS;PRIVATE_LINKS;EXCEPT;HEADERS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  set(folder ${CMAKE_SOURCE_DIR}/engine/${ARG_FOLDER})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cc)
  foreach(except ${ARG_EXCEPT})
    list(FILTER sources EXCLUDE REGEX "/engine/${ARG_FOLDER}/${except}/")
  endforeach()
  list(TRANSFORM ARG_LINKS PREPEND insitu_)
  if(sources)
    add_library(insitu_${name} STATIC ${sources})
    target_include_directories(insitu_${name} PUBLIC ${CMAKE_SOURCE_DIR}/engine)
    target_link_libraries(
      insitu_${name} PUBLIC ${ARG_LINKS} PRIVATE insitu_engine_flags ${ARG_PRIVATE_LINKS}
    )
    if(NOT ARG_FAST AND NOT INSITU_FLAVOUR STREQUAL native)
      target_compile_options(insitu_${name} PRIVATE -Os)
    endif()
    if(ARG_HEADERS)
      insitu_precompile(insitu_${name} ${ARG_HEADERS})
    elseif(ARG_HEADERS_OF)
      target_precompile_headers(insitu_${name} REUSE_FROM insitu_${ARG_HEADERS_OF})
    endif()
  else()
    add_library(insitu_${name} INTERFACE)
    target_include_directories(insitu_${name} INTERFACE ${CMAKE_SOURCE_DIR}/engine)
    target_link_libraries(insitu_${name} INTERFACE ${ARG_LINKS})
  endif()
endfunction()

# Each engine/tools/programs/NAME.cc is a native program insitu_NAME for developing the engine.
function(insitu_programs)
  file(GLOB programs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/engine/tools/programs/*.cc)
  foreach(program ${programs})
    get_filename_component(name ${program} NAME_WE)
    add_executable(insitu_${name} ${program})
    target_link_libraries(insitu_${name} PRIVATE insitu_tools insitu_engine_native insitu_engine_flags)
  endforeach()
endfunction()
