# The commands of the Pico SDK that MicroPython's ports/rp2/CMakeLists.txt calls. Nothing is linked.
# SPDX-License-Identifier: MIT

set(CMAKE_SYSTEM_NAME Generic)
foreach(language C CXX)
    set(CMAKE_${language}_COMPILER_FORCED ON)
    set(CMAKE_${language}_COMPILER_ID_RUN ON)
    set(CMAKE_${language}_COMPILER_ID GNU)
endforeach()
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-gcc)

function(pico_add_library name)
    add_library(${name} INTERFACE)
endfunction()
foreach(name pico_sdk_init pico_set_float_implementation pico_wrap_function pico_set_linker_script pico_add_extra_outputs
        pico_find_compiler_with_triples)
    function(${name})
    endfunction()
endforeach()
