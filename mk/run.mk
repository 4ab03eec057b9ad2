# make run, make repl

PYTHON := python3 -B
INTERPRETER := build/unix/micropython

.PHONY: run repl

run: $(INTERPRETER) ## run the documented examples; SCRIPT=app.py ARGS=... runs your script instead
ifdef SCRIPT
	@$(INTERPRETER) $(SCRIPT) $(ARGS)
else
	$(GO) $(PYTHON) tools/run.py --interp $(INTERPRETER)
endif

repl: $(INTERPRETER) ## the prompt of the interpreter; import usocket there
	@$(INTERPRETER)
