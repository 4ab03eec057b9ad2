# make run, make repl

PYTHON := python3 -B
INTERPRETER := build/unix/micropython

.PHONY: run repl

run: $(INTERPRETER) ## the documented examples, for real; SCRIPT=app.py ARGS=... runs yours instead
ifdef SCRIPT
	@$(INTERPRETER) $(SCRIPT) $(ARGS)
else
	@$(PYTHON) tools/run.py --interp $(INTERPRETER)
endif

repl: $(INTERPRETER) ## the prompt of the interpreter; import usocket there
	@$(INTERPRETER)
