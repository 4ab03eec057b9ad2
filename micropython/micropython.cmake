# usocket as a MicroPython user C module for ports that build with CMake:
#   -DUSER_C_MODULES=<this project's root>/micropython/micropython.cmake [-DUSOCKET_PORT=lwip]
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

get_filename_component(USOCKET_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)

if(NOT DEFINED USOCKET_PORT)
    set(USOCKET_PORT posix)
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
target_compile_definitions(usermod_usocket INTERFACE ${USOCKET_DEFINITIONS})
list(APPEND MICROPY_CPP_DEF_EXTRA ${USOCKET_DEFINITIONS})
target_link_libraries(usermod INTERFACE usermod_usocket)
