# usocket as a MicroPython user C module for ports that build with CMake:
#   -DUSER_C_MODULES=<this project's root>/micropython.cmake [-DUSOCKET_PORT=lwip]
# Without USOCKET_PORT it is lwip_raw for a board on which MicroPython has lwIP (MICROPY_PY_LWIP), else posix. A board's
# mpconfigboard.cmake may set it, and so may the command line of a make that calls CMake, which reaches it in the environment.
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

# A variable that is wrong must not stay in CMake's cache.
function(usocket_stop name text)
    unset(${name} CACHE)
    message(FATAL_ERROR "${text}")
endfunction()

# A variable with another name would be ignored. One that has a directory, such as where this project is, is the caller's.
set(USOCKET_VARIABLES USOCKET_PORT USOCKET_TLS USOCKET_BOARD_C USOCKET_CONFIG)
string(REPLACE ";" " " USOCKET_GIVEN "${USOCKET_VARIABLES}")
set(USOCKET_HINT "There are: ${USOCKET_GIVEN}. A knob of include/usocket/config.h is set with CFLAGS_EXTRA=-DNAME=VALUE in the environment")
get_cmake_property(USOCKET_GIVEN VARIABLES)
list(REMOVE_ITEM USOCKET_GIVEN ${USOCKET_VARIABLES} USOCKET_VARIABLES USOCKET_HINT USOCKET_GIVEN)
foreach(name ${USOCKET_GIVEN})
    if(name MATCHES "^USOCKET_" AND NOT IS_DIRECTORY "${${name}}")
        usocket_stop(${name} "not a variable of usocket: ${name}. ${USOCKET_HINT}")
    endif()
endforeach()
execute_process(COMMAND ${CMAKE_COMMAND} -E environment OUTPUT_VARIABLE USOCKET_GIVEN)
string(REGEX MATCHALL "\nUSOCKET_[A-Za-z0-9_]+" USOCKET_GIVEN "\n${USOCKET_GIVEN}")
string(REPLACE "\n" "" USOCKET_GIVEN "${USOCKET_GIVEN}")
list(REMOVE_ITEM USOCKET_GIVEN ${USOCKET_VARIABLES})
foreach(name ${USOCKET_GIVEN})
    if(NOT IS_DIRECTORY "$ENV{${name}}")
        message(FATAL_ERROR "in the environment: not a variable of usocket: ${name}. ${USOCKET_HINT}")
    endif()
endforeach()
foreach(name ${USOCKET_VARIABLES})
    if(NOT DEFINED ${name} AND DEFINED ENV{${name}})
        set(${name} "$ENV{${name}}" CACHE STRING "usocket: from the environment")
    endif()
endforeach()

get_filename_component(USOCKET_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)

if(NOT DEFINED USOCKET_PORT)
    if(MICROPY_PY_LWIP)
        set(USOCKET_PORT lwip_raw)
    else()
        set(USOCKET_PORT posix)
    endif()
endif()
if(NOT EXISTS ${USOCKET_DIR}/port/${USOCKET_PORT}/platform.h)
    file(GLOB USOCKET_PORTS RELATIVE ${USOCKET_DIR}/port ${USOCKET_DIR}/port/*/platform.h)
    string(REPLACE "/platform.h" "" USOCKET_PORTS "${USOCKET_PORTS}")
    string(REPLACE ";" " " USOCKET_PORTS "${USOCKET_PORTS}")
    usocket_stop(USOCKET_PORT "USOCKET_PORT=${USOCKET_PORT} is not a port of usocket; there are: ${USOCKET_PORTS}")
endif()

include(${CMAKE_CURRENT_LIST_DIR}/knobs.cmake)
get_directory_property(USOCKET_FLAGS COMPILE_DEFINITIONS)
list(APPEND USOCKET_FLAGS ${MICROPY_DEF_BOARD})
list(TRANSFORM USOCKET_FLAGS PREPEND -D)
string(REGEX REPLACE "[\\\"']" "" USOCKET_FLAGS "$ENV{CFLAGS_EXTRA} ${CMAKE_C_FLAGS} ${USOCKET_FLAGS}")
usocket_in_flags(USOCKET_FOUND "${USOCKET_FLAGS}")
usocket_check(CFLAGS_EXTRA ${USOCKET_FOUND})

# The header of knobs: that of the port, where it has one. -DUSOCKET_CONFIG=my_config.h names another one, and so does
# USOCKET_CONFIG_FILE in the environment's CFLAGS_EXTRA.
if("${USOCKET_FOUND}" MATCHES "USOCKET_CONFIG_FILE=([^;]+)")
    set(USOCKET_HEADER ${CMAKE_MATCH_1})
else()
    if(NOT DEFINED USOCKET_CONFIG AND EXISTS ${USOCKET_DIR}/port/${USOCKET_PORT}/usocket_config.h)
        set(USOCKET_CONFIG usocket_config.h)
    endif()
    set(USOCKET_HEADER ${USOCKET_CONFIG})
endif()

# The compiler looks for it in more directories, such as those that a port adds later.
string(REGEX MATCHALL "-I *[^ ;]+" USOCKET_PLACES "${USOCKET_FLAGS}")
string(REGEX REPLACE "-I *" "" USOCKET_PLACES "${USOCKET_PLACES}")
get_directory_property(USOCKET_FOUND INCLUDE_DIRECTORIES)
set(USOCKET_PLACES ${USOCKET_DIR}/include/usocket ${USOCKET_FOUND} ${USOCKET_PLACES} ${MICROPY_BOARD_DIR} ${MICROPY_PORT_DIR} ${MICROPY_INC_CORE}
    ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${USOCKET_DIR}/port/${USOCKET_PORT})
set(USOCKET_FOUND)
foreach(place ${USOCKET_PLACES})
    get_filename_component(place "${USOCKET_HEADER}" ABSOLUTE BASE_DIR ${place})
    if(USOCKET_HEADER AND NOT USOCKET_FOUND AND EXISTS ${place})
        set(USOCKET_FOUND ${place})
    endif()
endforeach()
if(USOCKET_FOUND)
    usocket_in_header(USOCKET_LINES ${USOCKET_FOUND})
    usocket_check(${USOCKET_FOUND} ${USOCKET_LINES})
elseif(USOCKET_CONFIG)
    string(REPLACE ";" " " USOCKET_PLACES "${USOCKET_PLACES}")
    usocket_stop(USOCKET_CONFIG "USOCKET_CONFIG=${USOCKET_HEADER} is not in ${USOCKET_PLACES}. Give its whole path")
endif()

file(GLOB USOCKET_SOURCES
    ${USOCKET_DIR}/micropython/*.c
    ${USOCKET_DIR}/src/*/*.c
    ${USOCKET_DIR}/port/*.c
    ${USOCKET_DIR}/port/${USOCKET_PORT}/*.c
)

add_library(usermod_usocket INTERFACE)
target_sources(usermod_usocket INTERFACE ${USOCKET_SOURCES})
target_include_directories(usermod_usocket INTERFACE
    ${USOCKET_DIR}/include
    ${USOCKET_DIR}/port/${USOCKET_PORT}
)
# The search for strings runs the preprocessor, and has definitions of its own.
set(USOCKET_DEFINITIONS USOCKET_IN_MICROPYTHON=1)
if(USOCKET_CONFIG)
    list(APPEND USOCKET_DEFINITIONS USOCKET_CONFIG_FILE="${USOCKET_CONFIG}")
endif()

# On lwip_raw MicroPython's extmod/modlwip.c leaves the list that is compiled and searched for strings; a port's CMakeLists.txt
# uses the list later. The module is then `socket` as well. lwIP itself and `network` stay.
if(USOCKET_PORT STREQUAL lwip_raw)
    list(REMOVE_ITEM MICROPY_SOURCE_EXTMOD ${MICROPY_DIR}/extmod/modlwip.c)
    list(APPEND USOCKET_DEFINITIONS USOCKET_IS_SOCKET=1)
endif()

# USOCKET_TLS=1: TLS, with the mbedTLS of the board's MicroPython, which it compiles with MICROPY_SSL_MBEDTLS. The board writes
# usocket_port_random. A soft reset takes the memory of kept sessions away, therefore none are kept.
if(NOT "${USOCKET_TLS}" MATCHES "^(0|1|ON|OFF|)$")
    usocket_stop(USOCKET_TLS "USOCKET_TLS=${USOCKET_TLS}: it is 0 or 1")
endif()
if(USOCKET_TLS)
    if(NOT USOCKET_PORT STREQUAL lwip_raw)
        usocket_stop(USOCKET_TLS "USOCKET_TLS=1 is for USOCKET_PORT=lwip_raw. \
For ${USOCKET_PORT} set CFLAGS_EXTRA=-DUSOCKET_TLS=1, and supply mbedTLS: docs/tls.md")
    endif()
    list(APPEND USOCKET_DEFINITIONS USOCKET_TLS=1 USOCKET_TLS_SESSIONS=0 MBEDTLS_USER_CONFIG_FILE="mbedtls_user.h")
endif()

# USOCKET_BOARD_C: a file with what the board writes for the port.
if(USOCKET_BOARD_C)
    get_filename_component(USOCKET_FOUND "${USOCKET_BOARD_C}" ABSOLUTE)
    if(NOT EXISTS ${USOCKET_FOUND})
        usocket_stop(USOCKET_BOARD_C "USOCKET_BOARD_C=${USOCKET_FOUND}: there is no such file")
    endif()
    target_sources(usermod_usocket INTERFACE ${USOCKET_FOUND})
endif()

# esp32 always compiles a `socket` of its own, and its mpconfigport.h does not say so.
if(ESP_PLATFORM)
    list(APPEND USOCKET_DEFINITIONS MICROPY_PY_SOCKET=1)
endif()
target_compile_definitions(usermod_usocket INTERFACE ${USOCKET_DEFINITIONS})
list(APPEND MICROPY_CPP_DEF_EXTRA ${USOCKET_DEFINITIONS})
target_link_libraries(usermod INTERFACE usermod_usocket)
