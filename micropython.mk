# usocket beside other user C modules: make USER_C_MODULES=<the directory that this project is in>. Everything is in micropython/.

USERMOD_DIR := $(USERMOD_DIR)/micropython
include $(USERMOD_DIR)/micropython.mk
