# usocket as a MicroPython user C module, -DUSER_C_MODULES=<this project's root>. Everything is in micropython/.

include(${CMAKE_CURRENT_LIST_DIR}/micropython/micropython.cmake)
