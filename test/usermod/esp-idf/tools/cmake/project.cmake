# The commands of ESP-IDF that MicroPython's ports/esp32 calls. Nothing is linked.
# SPDX-License-Identifier: MIT

set(ESP_PLATFORM 1)
set(IDF_TARGET esp32)
set(CMAKE_C_COMPILER_FORCED ON)
set(CMAKE_C_COMPILER_ID_RUN ON)
set(CMAKE_C_COMPILER_ID GNU)

function(idf_build_set_property)
endfunction()

macro(idf_component_register)
    cmake_parse_arguments(COMPONENT "" "" "SRCS;INCLUDE_DIRS;LDFRAGMENTS;REQUIRES" ${ARGN})
    set(COMPONENT_TARGET main)
    add_library(main STATIC ${COMPONENT_SRCS})
    target_include_directories(main PUBLIC ${COMPONENT_INCLUDE_DIRS})
endmacro()

macro(project name)
    _project(${name} C)
    add_subdirectory(main)
endmacro()
