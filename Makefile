# moetrace: `make help` says what each target does.
#
# Everything that is built lies under $(BUILD). With SAN=address,undefined (or SAN=thread) the same targets build and
# test under those sanitizers, in a folder of their own, so that the two never mix. With sanitizers, and with ASSERT=1 alone,
# the invariants of analysis/base/assert.h are checked. V=1 shows whole commands.

CC       ?= cc
SAN      ?=
comma    := ,
DEPS     := build/deps
ifeq ($(SAN),)
BUILD    := build$(if $(ASSERT),/assert)
else
BUILD    := build/san-$(subst $(comma),-,$(SAN))
SANFLAGS := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ifneq ($(SAN)$(ASSERT),)
CPPFLAGS += -DMOETRACE_ASSERT
endif
PREFIX   ?= /usr/local
DESTDIR  ?=

# NVTX's headers: scripts/setup.sh makes this link to where they are, which may be after make has read this line.
NVTX_INCLUDE := $(DEPS)/include

VERSION  := $(shell cat VERSION)
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
CPPFLAGS += -I. -isystem $(NVTX_INCLUDE) -D_GNU_SOURCE -DMOETRACE_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
CFLAGS   += -std=c11 $(WARN) -fno-common $(SANFLAGS)
LDFLAGS  += $(SANFLAGS)

TRACE_SRC    := $(wildcard trace/*.c)
PRELOAD_SRC  := $(wildcard preload/*.c) $(wildcard cupti/*.c) trace/encode.c trace/crc32c.c
ANALYSIS_SRC := $(wildcard analysis/*/*.c analysis/*/*/*.c) $(TRACE_SRC)
NATIVE_SRC   := $(wildcard native/*.c)
UNIT_SRC     := $(wildcard tests/unit/*/test_*.c)
HELPER_SRC   := $(wildcard tests/helpers/*.c)
FAKE_SRC     := $(wildcard tests/fake/*.c)
FUZZ_SRC     := $(wildcard tests/fuzz/*.c)
C_SRC        := $(wildcard preload/*.c cupti/*.c trace/*.c analysis/*/*.c analysis/*/*/*.c native/*.c tests/unit/*/*.c tests/helpers/*.c) \
                $(FAKE_SRC) $(FUZZ_SRC)
C_ALL        := $(C_SRC) $(wildcard preload/*.h cupti/*.h trace/*.h analysis/*/*.h analysis/*/*/*.h native/*.h tests/unit/*.h tests/fake/*.h tests/fuzz/*.h)

say = $(if $(V),,@echo '  $@' &&)
obj = $(patsubst %.c,$(BUILD)/obj/$(1)/%.o,$(2))

PRELOAD_OBJ  := $(call obj,pic,$(PRELOAD_SRC))
ANALYSIS_OBJ := $(call obj,exe,$(ANALYSIS_SRC))
NATIVE_OBJ   := $(call obj,exe,$(NATIVE_SRC))
# The page of `moetrace report --html` and the library that draws its charts are linked in.
PLOTLY       := $(DEPS)/plotly
ANALYSIS_OBJ += $(BUILD)/obj/exe/analysis/charts/html/embed.o
UNIT_BIN     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
HELPER_BIN   := $(patsubst tests/helpers/%.c,$(BUILD)/tests/%,$(HELPER_SRC))
# What unit tests may call: every room but its main(), and none of the interposers. They check the invariants of CHECKED_SRC.
CHECKED_SRC  := $(wildcard analysis/attribution/*.c analysis/metrics/*.c)
UNIT_OBJ     := $(filter-out %/main.o $(call obj,exe,$(CHECKED_SRC)),$(ANALYSIS_OBJ) $(NATIVE_OBJ)) $(call obj,checked,$(CHECKED_SRC)) \
                $(call obj,exe,$(filter-out cupti/cupti_session.c,$(wildcard cupti/*.c)))

# SQLite is linked in, so that the build folder can be carried.
ANALYSIS_LIBS := -lcjson -liberty -l:libsqlite3.a -ldl -lm
NATIVE_LIBS   := -lcjson -ldl -lm
# The build folder can be carried to a machine where nothing is installed: what is not static lies in $(BUILD)/lib, and in
# lib/moetrace where it was installed.
RPATH         := -Wl,-rpath,'$$ORIGIN/lib:$$ORIGIN/../lib/moetrace' -Wl,--enable-new-dtags

PROGRAMS := $(BUILD)/moetrace $(BUILD)/run_native
TARGETS  := $(BUILD)/libmoetrace.so $(PROGRAMS) $(BUILD)/man/.ready $(BUILD)/completions/.ready

.PHONY: all install uninstall demo helpers test test-gpu fuzz lint format bench measure bench-analysis bench-recorder clean help deps
.DELETE_ON_ERROR:
.SECONDARY:

all: $(TARGETS) ## build libmoetrace.so, moetrace and run_native into build/, with man pages and completions

# Installs what is missing (compiler packages, then the Python wheels that tests and the CPU demo need). A stamp of a step
# that has changed since is made again.
$(DEPS)/.build-ready:
	@scripts/setup.sh build
$(DEPS)/.test-ready: | $(DEPS)/.build-ready
	@scripts/setup.sh test
$(patsubst %,$(DEPS)/.%-ready,$(shell scripts/setup.sh stale)): FORCE
.PHONY: FORCE
deps: $(DEPS)/.test-ready ## install what building and testing need

$(BUILD)/obj/pic/%.o: %.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -ftls-model=initial-exec -MMD -MP -c $< -o $@
# The analyser reads millions of events a second: -O3 takes an eighth off a long report. The recorder stays at -O2.
$(BUILD)/obj/exe/analysis/%.o $(BUILD)/obj/exe/trace/%.o: CFLAGS += $(if $(SAN),,-O3)
$(BUILD)/obj/exe/%.o: %.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/obj/checked/%.o: %.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) -DMOETRACE_ASSERT $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/exe/analysis/charts/html/embed.o: $(wildcard analysis/charts/html/*) $(wildcard $(PLOTLY)/*) | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) -Ianalysis/charts/html -I$(PLOTLY) -c analysis/charts/html/embed.S -o $@

# The recorder links nothing but libc: it opens CUDA and CUPTI at run time.
$(BUILD)/libmoetrace.so: $(PRELOAD_OBJ)
	$(say) $(CC) $(LDFLAGS) -shared -Wl,-soname,libmoetrace.so -Wl,--no-undefined -o $@ $^ -ldl -lpthread

$(BUILD)/lib/.ready: | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	@cp -L "$$(ldconfig -p | awk '/libcjson\.so\.1 /{print $$NF; exit}')" $(BUILD)/lib/libcjson.so.1
	@touch $@

# Man pages and completions are what the programs say in their --help.
$(BUILD)/man/.ready $(BUILD)/completions/.ready: $(BUILD)/%/.ready: scripts/make_%.py scripts/help_text.py VERSION $(PROGRAMS)
	@rm -rf $(@D)
	$(say) python3 $< $(BUILD) $(@D)
	@touch $@

$(BUILD)/moetrace: $(ANALYSIS_OBJ) $(BUILD)/lib/.ready
	$(say) $(CC) $(LDFLAGS) $(RPATH) -o $@ $(ANALYSIS_OBJ) $(ANALYSIS_LIBS) -lpthread
$(BUILD)/run_native: $(NATIVE_OBJ) $(BUILD)/lib/.ready
	$(say) $(CC) $(LDFLAGS) $(RPATH) -o $@ $(NATIVE_OBJ) $(NATIVE_LIBS)

$(BUILD)/tests/unit/%: tests/unit/%.c $(UNIT_OBJ) | $(DEPS)/.test-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(UNIT_OBJ) -lcmocka $(ANALYSIS_LIBS) $(NATIVE_LIBS) -lpthread
# A CUDA for machines with no GPU; old/ and ancient/ have a CUPTI that lacks functions.
FAKES := $(addprefix $(BUILD)/fake/,libcuda.so.1 libcudart.so.13 libcupti.so.13 libcublas.so.13 libplugin.so libprofiler.so libdisk.so libsignal.so libsystem.so \
                                    old/libcupti.so.13 ancient/libcupti.so.13)
FAKE_CC = @mkdir -p $(@D) && $(if $(V),,echo '  $@' &&) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -fPIC -fvisibility=hidden -shared \
          -Wl,-soname,$(@F) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/..' -o $@ $(filter %.c %.so.1 %.so.13,$^)
$(FAKES): $(wildcard tests/fake/*.h) tests/fake/fake_cudart.map | $(DEPS)/.build-ready
$(BUILD)/fake/libcuda.so.1: tests/fake/fake_cuda.c tests/fake/fake_memory.c
	$(FAKE_CC) -ldl -lpthread
$(BUILD)/fake/libcudart.so.13: tests/fake/fake_cudart.c $(BUILD)/fake/libcuda.so.1
	$(FAKE_CC) -Wl,--version-script,tests/fake/fake_cudart.map
$(BUILD)/fake/libcupti.so.13: tests/fake/fake_cupti.c tests/fake/fake_cupti_activity.c $(BUILD)/fake/libcuda.so.1
	$(FAKE_CC) -lpthread
$(BUILD)/fake/old/libcupti.so.13 $(BUILD)/fake/ancient/libcupti.so.13: \
  tests/fake/fake_cupti.c tests/fake/fake_cupti_activity.c $(BUILD)/fake/libcuda.so.1
	$(FAKE_CC) -DFAKE_CUPTI_$(if $(findstring /old/,$@),OLD,ANCIENT) -lpthread
$(BUILD)/fake/libcublas.so.13: tests/fake/fake_cublas.c $(BUILD)/fake/libcuda.so.1
	$(FAKE_CC)
$(BUILD)/fake/libplugin.so: tests/fake/fake_plugin.c $(BUILD)/fake/libcudart.so.13
	$(FAKE_CC)
$(BUILD)/fake/libprofiler.so: tests/fake/fake_profiler.c $(BUILD)/fake/libcupti.so.13
	$(FAKE_CC) -ldl

$(addprefix $(BUILD)/fake/,libdisk.so libsignal.so libsystem.so): $(BUILD)/fake/lib%.so: tests/fake/fake_%.c
	$(FAKE_CC) -ldl

# Small target programs that the end-to-end tests run under the preload.
$(BUILD)/tests/cuda_%: tests/helpers/cuda_%.c $(FAKES) | $(DEPS)/.test-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -Wl,-rpath,'$$ORIGIN/../fake' -o $@ $< \
	  $(BUILD)/fake/libcudart.so.13 $(BUILD)/fake/libcuda.so.1 -ldl -lpthread
# Writes traces with the recorder's own writer.
$(BUILD)/tests/trace_%: tests/helpers/trace_%.c $(call obj,exe,$(TRACE_SRC))
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^)
$(BUILD)/tests/%: tests/helpers/%.c | $(DEPS)/.test-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< -ldl -lpthread

install: all ## copy programs, recorder, man pages, completions and docs under PREFIX (/usr/local), or DESTDIR/PREFIX
	@BUILD=$(BUILD) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh install
uninstall: ## remove what make install put there
	@BUILD=$(BUILD) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh uninstall

demo: all ## build, run the top-k sweep under the recorder, show its report
	@scripts/demo.sh

helpers: $(FAKES) $(HELPER_BIN)

# Fuzz targets are built with clang, and with sanitizers of their own.
FUZZ_OBJ   := $(call obj,fuzz,$(filter-out %/main.c,$(ANALYSIS_SRC)) tests/fuzz/fuzz_visitor.c \
              native/config.c native/error.c native/output.c native/safetensors.c) \
              $(BUILD)/obj/exe/analysis/charts/html/embed.o
FUZZ_BIN   := $(if $(SAN),,$(patsubst %,$(BUILD)/fuzz/fuzz_%,trace nsys chrome rules config))
FUZZ_FLAGS := -O1 -g -std=c11 $(WARN) -fno-common -DMOETRACE_ASSERT -fsanitize=address,undefined -fno-sanitize-recover=all
$(BUILD)/obj/fuzz/%.o: %.c | $(DEPS)/.test-ready
	@mkdir -p $(@D)
	$(say) clang $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(FUZZ_BIN): $(BUILD)/fuzz/%: $(BUILD)/obj/fuzz/tests/fuzz/%.o $(FUZZ_OBJ)
	@mkdir -p $(@D)
	@if tests/fuzz/run.sh possible; then \
	  clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(ANALYSIS_LIBS) -lpthread; \
	else \
	  echo "clang has no libFuzzer here: $@ is not built"; \
	fi

fuzz: $(FUZZ_BIN) ## run the fuzz targets, FUZZ_SECONDS (60) each
	@BUILD=$(BUILD) tests/fuzz/run.sh $${FUZZ_SECONDS:-60}

test: $(DEPS)/.test-ready all $(UNIT_BIN) helpers $(FUZZ_BIN) ## every test that needs no GPU
	@BUILD=$(BUILD) SAN=$(SAN) tests/run.sh

test-gpu: all ## the tests that need a GPU
	@BUILD=$(BUILD) tests/gpu/run.sh

$(BUILD)/bench_launch: tests/gpu/bench_launch.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -ldl -lpthread

# The same for Python, which brings torch.profiler and Proton.
$(BUILD)/libbench_launch.so: tests/gpu/bench_launch.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) -fPIC $(LDFLAGS) -shared -o $@ $< -ldl -lpthread

$(BUILD)/libbare_cupti.so: tests/gpu/bare_cupti.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) -fPIC $(LDFLAGS) -shared -o $@ $< -ldl

$(BUILD)/bench_stay: tests/gpu/bench_stay.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -ldl

$(BUILD)/bench_stop: tests/gpu/bench_stop.c | $(DEPS)/.build-ready
	@mkdir -p $(@D)
	$(say) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -ldl -lpthread

BENCHES := $(addprefix $(BUILD)/,bench_launch libbench_launch.so bench_stay libbare_cupti.so bench_stop)
bench: all $(BENCHES) ## what watching costs (needs a GPU)
	@BUILD=$(BUILD) scripts/bench.sh
measure: all $(BENCHES) $(BUILD)/tests/trace_generate ## all measurements of docs/ anew, into OUT (build/measured); needs a GPU
	@BUILD=$(BUILD) scripts/measure.sh $(or $(OUT),$(BUILD)/measured)

bench-recorder: all $(BUILD)/bench_stop $(FAKES) ## what the recorder costs at the start and the end of a process
	@BUILD=$(BUILD) scripts/bench_recorder.sh

bench-analysis: $(BUILD)/moetrace $(BUILD)/tests/trace_generate ## how fast traces are read
	@BUILD=$(BUILD) scripts/bench_analysis.sh

lint: | $(DEPS)/.test-ready ## clang-format and clang-tidy
	@scripts/lint.sh

format: | $(DEPS)/.test-ready ## rewrite the sources as clang-format wants them
	$(DEPS)/venv/bin/clang-format -i $(C_ALL)

clean: ## remove what was built, keep what was downloaded
	rm -rf $(filter-out build/deps,$(wildcard build/*))

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(BUILD)/obj $(BUILD)/tests -name '*.d' 2>/dev/null)
