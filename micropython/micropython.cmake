# usocket as a MicroPython user C module for ports that build with CMake:
#   -DUSER_C_MODULES=<this project's root>/micropython/micropython.cmake [-DUSOCKET_PORT=lwip]
# Without USOCKET_PORT it is lwip_raw for a board on which MicroPython has lwIP (MICROPY_PY_LWIP), else posix. A board's
# mpconfigboard.cmake may set it.
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

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
    message(FATAL_ERROR "USOCKET_PORT=${USOCKET_PORT} is not a port of usocket; there are: ${USOCKET_PORTS}")
endif()

# The header of knobs: that of the port, where it has one. -DUSOCKET_CONFIG=my_config.h names another one, and so does
# USOCKET_CONFIG_FILE in the environment's CFLAGS_EXTRA.
if(NOT DEFINED USOCKET_CONFIG AND NOT "$ENV{CFLAGS_EXTRA}" MATCHES "USOCKET_CONFIG_FILE")
    if(EXISTS ${USOCKET_DIR}/port/${USOCKET_PORT}/usocket_config.h)
        set(USOCKET_CONFIG usocket_config.h)
    endif()
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
if(USOCKET_TLS AND USOCKET_PORT STREQUAL lwip_raw)
    list(APPEND USOCKET_DEFINITIONS USOCKET_TLS=1 USOCKET_TLS_SESSIONS=0 MBEDTLS_USER_CONFIG_FILE="mbedtls_user.h")
endif()

# USOCKET_BOARD_C: a file with what the board writes for the port.
if(USOCKET_BOARD_C)
    target_sources(usermod_usocket INTERFACE ${USOCKET_BOARD_C})
endif()

# esp32 always compiles a `socket` of its own, and its mpconfigport.h does not say so.
if(ESP_PLATFORM)
    list(APPEND USOCKET_DEFINITIONS MICROPY_PY_SOCKET=1)
endif()
target_compile_definitions(usermod_usocket INTERFACE ${USOCKET_DEFINITIONS})
list(APPEND MICROPY_CPP_DEF_EXTRA ${USOCKET_DEFINITIONS})
target_link_libraries(usermod INTERFACE usermod_usocket)
