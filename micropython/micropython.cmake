# usocket as a MicroPython user C module for ports that build with CMake:
#   -DUSER_C_MODULES=<this project's root>/micropython/micropython.cmake [-DUSOCKET_PORT=lwip]
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

get_filename_component(USOCKET_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)

if(NOT DEFINED USOCKET_PORT)
    set(USOCKET_PORT posix)
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
target_link_libraries(usermod INTERFACE usermod_usocket)
