# The samples for RT-Thread, on the look-alike of its sockets, under the sanitizers: build/samples/prompt.

SAMPLES_DIR := build/samples
SAMPLES_FLAGS := -std=gnu99 -g -O1 -Wall -Wextra -Werror -Wconversion -fsanitize=address,undefined -fno-sanitize-recover=all
SAMPLES_BOARD := $(wildcard samples/*.c src/*.c port/*.c port/rtthread/*.c) test/samples/main.c
SAMPLES_HOST := $(wildcard test/sal/*.c)
SAMPLES_BOARD_O := $(SAMPLES_BOARD:%.c=$(SAMPLES_DIR)/%.o)
SAMPLES_HOST_O := $(SAMPLES_HOST:%.c=$(SAMPLES_DIR)/%.o)

$(SAMPLES_BOARD_O): $(SAMPLES_DIR)/%.o: %.c | packages-test
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAMPLES_FLAGS) -D__RTTHREAD__ -Itest/samples/include -Itest/sal/include -Itest/sal/config -Iinclude -Iport/rtthread -Iport \
		-DUSOCKET_CONFIG_FILE='"../../port/rtthread/usocket_config.h"' -MMD -MP -c -o $@ $<

# The look-alike itself sees the host's headers, not its own.
$(SAMPLES_HOST_O): $(SAMPLES_DIR)/%.o: %.c | packages-test
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -Wconversion,$(SAMPLES_FLAGS)) -Itest/sal -Itest/sal/config -MMD -MP -c -o $@ $<

$(SAMPLES_DIR)/prompt: $(SAMPLES_BOARD_O) $(SAMPLES_HOST_O)
	$(Q)$(CC) $(SAMPLES_FLAGS) -o $@ $^ -lpthread

-include $(SAMPLES_BOARD_O:.o=.d) $(SAMPLES_HOST_O:.o=.d)

.PHONY: test-samples
test-samples: $(SAMPLES_DIR)/prompt $(OURS) ## the samples for RT-Thread, each run once
	@$(PYTHON) test/samples/run.py $< $(OURS)
