# Errors for mistakes that a build would ignore: the compiler accepts a macro of any name. micropython.cmake includes it, with USOCKET_DIR,
# this project, and USOCKET_PORT set. knobs.mk does the same for make.
#
# The knobs are the names that config.h, and the header of the port, ask for. A name that ends in _H guards a header.

set(USOCKET_LINES)
foreach(header include/usocket/config.h port/${USOCKET_PORT}/usocket_config.h)
    if(EXISTS ${USOCKET_DIR}/${header})
        file(STRINGS ${USOCKET_DIR}/${header} lines REGEX "^#ifn?def USOCKET_")
        list(APPEND USOCKET_LINES ${lines})
    endif()
endforeach()
string(REGEX MATCHALL "USOCKET_[A-Za-z0-9_]+" USOCKET_KNOBS "${USOCKET_LINES}")
list(FILTER USOCKET_KNOBS EXCLUDE REGEX "_H$")
list(REMOVE_DUPLICATES USOCKET_KNOBS)
list(SORT USOCKET_KNOBS)

# usocket_in_flags(list flags): NAME=VALUE for each -DUSOCKET_... in the flags, which have no quotes.
function(usocket_in_flags found flags)
    string(REGEX MATCHALL "-D *USOCKET_[A-Za-z0-9_]+(=[^ ;]*)?" defined "${flags}")
    string(REGEX REPLACE "-D *(USOCKET_)" "\\1" defined "${defined}")
    set(${found} ${defined} PARENT_SCOPE)
endfunction()

# usocket_in_header(list file): NAME=VALUE for each #define USOCKET_... in it.
function(usocket_in_header found file)
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*define[ \t]+USOCKET_")
    string(REGEX MATCHALL "USOCKET_[A-Za-z0-9_]+[ \t]*[A-Za-z0-9_]*" defined "${lines}")
    string(REGEX REPLACE "(USOCKET_[A-Za-z0-9_]+)[ \t]*([A-Za-z0-9_]*)" "\\1=\\2" defined "${defined}")
    list(FILTER defined EXCLUDE REGEX "_H=$")
    set(${found} ${defined} PARENT_SCOPE)
endfunction()

# usocket_check(place NAME=VALUE ...): an error for a name that is no knob, and for a word that the preprocessor reads as 0.
function(usocket_check place)
    set(knobs ${USOCKET_KNOBS})
    foreach(word ${ARGN})
        string(REGEX REPLACE "=.*" "" name "${word}")
        if(NOT name IN_LIST knobs)
            string(REPLACE ";" " " knobs "${knobs}")
            message(FATAL_ERROR "${place}: not a knob of usocket: ${name}. There are: ${knobs}")
        endif()
        string(TOLOWER "${word}" lower)
        if(lower MATCHES "=(y|yes|n|no|on|off|true|false)$")
            message(FATAL_ERROR "${place}: the value of a knob of usocket is a number: ${word}")
        endif()
    endforeach()
endfunction()
