# The C library for Linux: build/libusocket.a

LIB_SOURCES := $(wildcard src/*/*.c port/*.c port/posix/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=build/obj/lib/%.o)
LIB_CFLAGS := -std=c99 -Wall -Wextra -Werror -Wconversion -O2 -Iinclude -Iport/posix

build/libusocket.a: $(LIB_OBJECTS)
	@echo "AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(LIB_OBJECTS): build/obj/lib/%.o: %.c | packages
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(LIB_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(LIB_OBJECTS:.o=.d)
