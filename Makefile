# moetrace: `make help` lists the targets.
#
# `make` only builds: what it needs and does not find, `make deps` brings. Everything that is built lies under $(BUILD), which may
# be anywhere; what is fetched lies in build/deps. With SAN=address,undefined (or SAN=thread) the same targets build and test
# under those sanitizers, in a folder of their own, so that the two never mix. With sanitizers, and with ASSERT=1 alone, the
# invariants of analysis/base/assert.h are checked. V=1 shows whole commands, WERROR=1 makes warnings errors, as the tests and CI do.

CC         ?= cc
PKG_CONFIG ?= pkg-config
PREFIX     ?= /usr/local
DESTDIR    ?=
SAN        ?=
comma      := ,
DEPS       := build/deps
ifeq ($(SAN),)
BUILD      ?= build$(if $(ASSERT),/assert)
# What distributions build with; the tests read it back from the ELF files.
HARDEN     ?= -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
BUILD      ?= build/san-$(subst $(comma),-,$(SAN))
SANFLAGS   := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
CHECKED    := -DMOETRACE_ASSERT
HARDEN_LD  ?= -Wl,-z,relro,-z,now,-z,noexecstack

VERSION    := $(file <VERSION)
# A source archive brings NVTX's headers and plotly along; elsewhere scripts/setup.sh fetches them.
NVTX       := $(firstword $(wildcard third_party/nvtx) $(DEPS)/nvtx)
PLOTLY     := $(firstword $(wildcard third_party/plotly) $(DEPS)/plotly)

# CFLAGS, CPPFLAGS and LDFLAGS are the caller's, and come last.
OPT      := -O2
CFLAGS   ?= $(OPT) -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith $(if $(WERROR),-Werror)
INCLUDES := -I. -isystem $(NVTX) -D_GNU_SOURCE -DMOETRACE_VERSION='"$(VERSION)"'
COMPILE   = $(CC) $(INCLUDES) $(CJSON_CFLAGS) $(SQLITE_CFLAGS) $(ZLIB_CFLAGS) -std=c11 $(WARN) -fno-common $(HARDEN) $(SANFLAGS) \
            $(if $(SAN)$(ASSERT),$(CHECKED)) $(CPPFLAGS) $(CFLAGS)
LINK      = $(CC) $(SANFLAGS) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS)

# pkg-config is run once, when a recipe first wants what it knows; without it the compiler looks in its own places.
pkg = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
CJSON_CFLAGS   = $(eval CJSON_CFLAGS := $$(call pkg,--cflags libcjson))$(CJSON_CFLAGS)
CJSON_LIBS     = $(eval CJSON_LIBS := $$(or $$(call pkg,--libs libcjson),-lcjson))$(CJSON_LIBS)
SQLITE_CFLAGS  = $(eval SQLITE_CFLAGS := $$(call pkg,--cflags sqlite3))$(SQLITE_CFLAGS)
# SQLite and zlib are linked in, so that the build folder can be carried; SQLITE_LIBS=-lsqlite3 and ZLIB_LIBS=-lz link shared libraries.
SQLITE_LIBS    = $(eval SQLITE_LIBS := $$(call pkg,--libs-only-L sqlite3) -l:libsqlite3.a)$(SQLITE_LIBS)
ZLIB_CFLAGS    = $(eval ZLIB_CFLAGS := $$(call pkg,--cflags zlib))$(ZLIB_CFLAGS)
ZLIB_LIBS      = $(eval ZLIB_LIBS := $$(call pkg,--libs-only-L zlib) -l:libz.a)$(ZLIB_LIBS)
ANALYSIS_LIBS  = $(CJSON_LIBS) -liberty $(SQLITE_LIBS) $(ZLIB_LIBS) -ldl -lm
NATIVE_LIBS    = $(CJSON_LIBS) -ldl -lm
# What is not static lies in $(BUILD)/lib, and in lib/moetrace where it was installed.
RPATH         := -Wl,-rpath,'$$ORIGIN/lib:$$ORIGIN/../lib/moetrace' -Wl,--enable-new-dtags

TRACE_SRC    := $(wildcard trace/*.c)
PRELOAD_SRC  := $(wildcard preload/*.c cupti/*.c) trace/encode.c trace/crc32c.c
ANALYSIS_SRC := $(wildcard analysis/*/*.c analysis/*/*/*.c) $(TRACE_SRC)
NATIVE_SRC   := $(wildcard native/*.c)
UNIT_SRC     := $(wildcard tests/unit/*/test_*.c)
HELPER_SRC   := $(wildcard tests/helpers/*.c)
C_ALL        := $(wildcard $(foreach d,preload cupti trace analysis/* analysis/*/* native tests/unit tests/unit/* tests/helpers tests/fake \
                  tests/fuzz tests/gpu,$(d)/*.c $(d)/*.h))

say = $(if $(V),,@echo '  $@' &&)
obj = $(patsubst %.c,$(BUILD)/obj/$(1)/%.o,$(2))

PYTHON_OBJ   := $(BUILD)/obj/pic/preload/python_sources.o
PRELOAD_OBJ  := $(call obj,pic,$(PRELOAD_SRC))
ANALYSIS_OBJ := $(call obj,exe,$(ANALYSIS_SRC))
NATIVE_OBJ   := $(call obj,exe,$(NATIVE_SRC))
# The page of `moetrace report --html` and the library that draws its charts are linked in.
EMBED_OBJ    := $(BUILD)/obj/exe/analysis/charts/html/embed.o
UNIT_BIN     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
HELPER_BIN   := $(patsubst tests/helpers/%.c,$(BUILD)/tests/%,$(HELPER_SRC))
# What unit tests may call: every module but its main(), and none of the interposers. They check the invariants of CHECKED_SRC.
CHECKED_SRC  := $(wildcard analysis/attribution/*.c analysis/metrics/*.c)
UNIT_OBJ     := $(filter-out %/main.o $(call obj,exe,$(CHECKED_SRC)),$(ANALYSIS_OBJ) $(NATIVE_OBJ)) $(call obj,checked,$(CHECKED_SRC)) $(EMBED_OBJ) \
                $(call obj,exe,$(filter-out cupti/cupti_session.c,$(wildcard cupti/*.c)))

PROGRAMS := $(BUILD)/moetrace $(BUILD)/run_native
TARGETS  := $(BUILD)/libmoetrace.so $(PROGRAMS) $(BUILD)/man/.ready $(BUILD)/completions/.ready
# An order-only prerequisite of all that is compiled: what building needs is there.
NEEDS    := $(BUILD)/.can-build

.PHONY: all install uninstall dist demo helpers test-programs test test-fast test-gpu fuzz lint format bench measure bench-analysis \
        bench-recorder clean help deps test-deps arm64 cross-programs
.DELETE_ON_ERROR:
.SECONDARY:

all: $(TARGETS) ## build libmoetrace.so, moetrace and run_native into build/, with man pages and completions

$(NEEDS): | $(filter deps test-deps,$(MAKECMDGOALS)) # `make deps all` works, too
	@mkdir -p $(@D)
	@CC='$(CC)' CFLAGS='$(INCLUDES) $(CJSON_CFLAGS) $(SQLITE_CFLAGS) $(ZLIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)' LIBS='$(LDFLAGS) $(ANALYSIS_LIBS)' PLOTLY='$(PLOTLY)' \
	  scripts/can_build.sh
	@touch $@
deps: ## install and fetch what building needs
	@scripts/setup.sh build
test-deps: ## ... and what testing needs
	@scripts/setup.sh test

$(BUILD)/obj/pic/%.o: %.c VERSION | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(COMPILE) -fPIC -fvisibility=hidden -ftls-model=initial-exec -MMD -MP -c $< -o $@
# The analyser reads millions of events a second: -O3 takes an eighth off a long report. The recorder stays at -O2.
$(BUILD)/obj/exe/analysis/%.o $(BUILD)/obj/exe/trace/%.o: OPT := $(if $(SAN),-O2,-O3)
$(BUILD)/obj/exe/%.o: %.c VERSION | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(COMPILE) -fPIE -MMD -MP -c $< -o $@
$(BUILD)/obj/checked/%.o: %.c VERSION | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(COMPILE) $(CHECKED) -fPIE -MMD -MP -c $< -o $@

$(EMBED_OBJ): $(wildcard analysis/charts/html/* $(PLOTLY)/*) | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(CC) -Ianalysis/charts/html -I$(PLOTLY) -c analysis/charts/html/embed.S -o $@

# The Python helper is linked into the recorder as text.
$(PYTHON_OBJ): preload/python_sources.S $(wildcard python/moetrace/*.py) | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(CC) -Ipython/moetrace -c $< -o $@

# The recorder links nothing but libc: it opens CUDA and CUPTI at run time.
$(BUILD)/libmoetrace.so: $(PRELOAD_OBJ) $(PYTHON_OBJ)
	$(say) $(LINK) -shared -Wl,-soname,libmoetrace.so -Wl,--no-undefined -o $@ $^ -ldl -lpthread

$(BUILD)/lib/.ready: | $(NEEDS)
	@mkdir -p $(@D)
	@cp -L "$$($(CC) $(LDFLAGS) -print-file-name=libcjson.so.1)" $(BUILD)/lib/libcjson.so.1
	@touch $@

# Man pages and completions are what the programs say in their --help.
$(BUILD)/man/.ready $(BUILD)/completions/.ready: $(BUILD)/%/.ready: scripts/make_%.py scripts/help_text.py VERSION $(PROGRAMS)
	@rm -rf $(@D)
	$(say) python3 $< $(BUILD) $(@D)
	@touch $@

$(BUILD)/moetrace: $(ANALYSIS_OBJ) $(EMBED_OBJ) $(BUILD)/lib/.ready
	$(say) $(LINK) -pie $(RPATH) -o $@ $(filter %.o,$^) $(ANALYSIS_LIBS) -lpthread
$(BUILD)/run_native: $(NATIVE_OBJ) $(BUILD)/lib/.ready
	$(say) $(LINK) -pie $(RPATH) -o $@ $(filter %.o,$^) $(NATIVE_LIBS)

# NVIDIA's own headers: a unit test compares with them where there are any, and a target calls all of NVTX.
CUDA_INCLUDE := $(patsubst %/cupti.h,%,$(firstword $(wildcard $(DEPS)/venv/lib/python3*/site-packages/nvidia/cu13/include/cupti.h \
                  $(or $(CUDA_HOME),/usr/local/cuda)/include/cupti.h)))
$(BUILD)/tests/unit/cupti/test_cupti_abi $(BUILD)/tests/nvtx_all: INCLUDES += $(addprefix -isystem ,$(CUDA_INCLUDE))
# Unit tests link from an archive what they call.
$(BUILD)/obj/units.a: $(UNIT_OBJ)
	@rm -f $@
	$(say) $(AR) rcsT $@ $^
$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/obj/units.a | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(COMPILE) $(LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/obj/units.a -lcmocka $(ANALYSIS_LIBS) -lpthread
# A CUDA for machines with no GPU; old/ and ancient/ have a CUPTI that lacks functions.
FAKES := $(addprefix $(BUILD)/fake/,libcuda.so.1 libcudart.so.13 libcupti.so.13 libcublas.so.13 libplugin.so libprofiler.so libdisk.so \
           libsignal.so libsystem.so libinterposer.so libother_runtime.so libother_plugin.so old/libcupti.so.13 ancient/libcupti.so.13)
FAKE_CC = @mkdir -p $(@D) && $(if $(V),,echo '  $@' &&) $(COMPILE) $(LDFLAGS) -fPIC -fvisibility=hidden -shared \
          -Wl,-soname,$(@F) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/..' -o $@ $(filter %.c %.so.1 %.so.13,$^)
$(FAKES): $(wildcard tests/fake/*.h) tests/fake/fake_cudart.map | $(NEEDS)
$(BUILD)/fake/libcuda.so.1: tests/fake/fake_cuda.c tests/fake/fake_graphs.c tests/fake/fake_memory.c
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
$(BUILD)/fake/libother_plugin.so: tests/fake/fake_plugin.c $(BUILD)/fake/libother_runtime.so
	$(FAKE_CC) $(BUILD)/fake/libother_runtime.so
$(BUILD)/fake/libprofiler.so: tests/fake/fake_profiler.c $(BUILD)/fake/libcupti.so.13
	$(FAKE_CC) -ldl

$(addprefix $(BUILD)/fake/,libdisk.so libsignal.so libsystem.so libinterposer.so libother_runtime.so): $(BUILD)/fake/lib%.so: tests/fake/fake_%.c
	$(FAKE_CC) -ldl

# Small target programs that the end-to-end tests run under the preload.
$(BUILD)/tests/cuda_%: tests/helpers/cuda_%.c $(FAKES) | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(COMPILE) $(LDFLAGS) -MMD -MP -Wl,-rpath,'$$ORIGIN/../fake' -o $@ $< \
	  $(BUILD)/fake/libcudart.so.13 $(BUILD)/fake/libcuda.so.1 -ldl -lpthread
# Writes traces with the recorder's own writer.
$(BUILD)/tests/trace_%: tests/helpers/trace_%.c $(call obj,exe,$(TRACE_SRC))
	@mkdir -p $(@D)
	$(say) $(COMPILE) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^)
$(BUILD)/tests/%: tests/helpers/%.c | $(NEEDS)
	@mkdir -p $(@D)
	$(say) $(COMPILE) $(LDFLAGS) -MMD -MP -o $@ $< -ldl -lpthread

install: all ## copy programs, recorder, man pages, completions and docs under PREFIX (/usr/local), or DESTDIR/PREFIX
	@BUILD='$(BUILD)' PLOTLY='$(PLOTLY)' NVTX='$(NVTX)' PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh install
uninstall: ## remove what make install put there
	@BUILD='$(BUILD)' PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh uninstall

dist: | $(NEEDS) ## make moetrace-VERSION.tar.gz, which builds without git and without a network
	@BUILD='$(BUILD)' PLOTLY='$(PLOTLY)' NVTX='$(NVTX)' scripts/dist.sh

# Targets that install first run make once more for the rest: on all cores, unless the caller says how many.
again = +@$(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$$(nproc))
demo: deps ## install what is missing, build, run the top-k sweep under the recorder, show its report
	$(again) all
	@BUILD='$(BUILD)' scripts/demo.sh

helpers: $(FAKES) $(HELPER_BIN)

# Fuzz targets are built with clang, and with sanitizers of their own.
FUZZ_OBJ   := $(call obj,fuzz,$(filter-out %/main.c,$(ANALYSIS_SRC)) tests/fuzz/fuzz_visitor.c \
              $(patsubst %,native/%.c,config error file_map json_scan output pickle_values safetensors state_dict state_dict_classes tensor_table \
                torch_file utf8 zip_archive))
FUZZ_BIN   := $(if $(SAN),,$(patsubst %,$(BUILD)/fuzz/fuzz_%,trace nsys chrome rules config torch))
FUZZ_FLAGS := -O1 -g -std=c11 $(WARN) -fno-common $(CHECKED) -fsanitize=address,undefined -fno-sanitize-recover=all
$(BUILD)/obj/fuzz/%.o: %.c VERSION | $(NEEDS)
	@mkdir -p $(@D)
	$(say) clang $(INCLUDES) $(CJSON_CFLAGS) $(SQLITE_CFLAGS) $(ZLIB_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(BUILD)/obj/fuzz.a: $(FUZZ_OBJ) $(EMBED_OBJ)
	@rm -f $@
	$(say) $(AR) rcsT $@ $^
$(FUZZ_BIN): $(BUILD)/fuzz/%: $(BUILD)/obj/fuzz/tests/fuzz/%.o $(BUILD)/obj/fuzz.a
	@mkdir -p $(@D)
	@if tests/fuzz/run.sh possible; then \
	  echo '  $@' && clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(ANALYSIS_LIBS) -lpthread; \
	else \
	  echo "clang has no libFuzzer here: $@ is not built"; \
	fi
test-programs: all $(UNIT_BIN) helpers $(FUZZ_BIN)

fuzz: test-deps ## run the fuzz targets, FUZZ_SECONDS (60) each
	$(again) $(FUZZ_BIN)
	@BUILD='$(BUILD)' tests/fuzz/run.sh $${FUZZ_SECONDS:-60}

test: test-deps ## install what is missing, build, run every test that needs no GPU
	$(again) test-programs WERROR=1
	@BUILD='$(BUILD)' SAN='$(SAN)' CC='$(CC)' tests/run.sh
test-fast: test-deps ## the unit tests and the quick suites: under 3 minutes on two cores
	$(again) test-programs FUZZ_BIN= WERROR=1
	@BUILD='$(BUILD)' SAN='$(SAN)' CC='$(CC)' tests/run.sh --fast

# For aarch64, by Debian's cross compiler, with libraries that scripts/setup.sh arm64 unpacks. Man pages need programs that run here.
ARM64      := $(DEPS)/arm64/usr
ARM64_MAKE  = $(again) BUILD='$(BUILD)/arm64' CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar PKG_CONFIG=false WERROR=1 \
              CPPFLAGS='-isystem $(ARM64)/include' LDFLAGS='-B$(ARM64)/lib/aarch64-linux-gnu'
cross-programs: $(BUILD)/libmoetrace.so $(PROGRAMS) $(UNIT_BIN) helpers
arm64: ## cross-compile programs, recorder and tests for aarch64, into build/arm64
	@scripts/setup.sh arm64
	$(ARM64_MAKE) cross-programs

GRAPH_FORMS := $(addprefix $(BUILD)/graph_forms_,static shared)
test-gpu: all $(GRAPH_FORMS) ## the tests that need a GPU
	@BUILD='$(BUILD)' tests/gpu/run.sh; status=$$?; BUILD='$(BUILD)' tests/gpu/graph_forms.sh && exit $$status
# With either runtime, as programs have them. Without nvcc the test of graphs is left out.
NVCC = nvcc
$(GRAPH_FORMS): $(BUILD)/graph_forms_%: tests/gpu/graph_forms.cu | $(NEEDS)
	@if command -v '$(NVCC)' >/dev/null; then echo '  $@'; \
	  $(NVCC) -std=c++17 -O1 -arch=all-major -rdc=true -cudart $* -isystem $(NVTX) -o $@ $< -lcudadevrt -ldl; fi

GPU_CC = @mkdir -p $(@D) && $(if $(V),,echo '  $@' &&) $(COMPILE) $(LDFLAGS) -o $@ $<
$(BUILD)/bench_launch $(BUILD)/bench_stop: $(BUILD)/%: tests/gpu/%.c | $(NEEDS)
	$(GPU_CC) -ldl -lpthread
$(BUILD)/bench_stay: tests/gpu/bench_stay.c | $(NEEDS)
	$(GPU_CC) -ldl
# The same as bench_launch for Python, which brings torch.profiler and Proton.
$(BUILD)/libbench_launch.so $(BUILD)/libbare_cupti.so: $(BUILD)/lib%.so: tests/gpu/%.c | $(NEEDS)
	$(GPU_CC) -fPIC -shared -ldl -lpthread

BENCHES := $(addprefix $(BUILD)/,bench_launch libbench_launch.so bench_stay libbare_cupti.so bench_stop)
bench: all $(BENCHES) ## the recorder's overhead (needs a GPU)
	@BUILD='$(BUILD)' scripts/bench.sh
measure: all $(BENCHES) $(BUILD)/tests/trace_generate ## all measurements of docs/ anew, into OUT (build/measured); needs a GPU
	@BUILD='$(BUILD)' scripts/measure.sh $(or $(OUT),$(BUILD)/measured)

bench-recorder: all $(BUILD)/bench_stop $(FAKES) ## what the recorder costs at the start and the end of a process
	@BUILD='$(BUILD)' scripts/bench_recorder.sh

bench-analysis: $(BUILD)/moetrace $(BUILD)/tests/trace_generate ## how fast traces are read
	@BUILD='$(BUILD)' scripts/bench_analysis.sh

lint: test-deps ## formatting, warnings, clang-tidy, shellcheck, includes between modules
	@BUILD='$(BUILD)' scripts/lint.sh

format: test-deps ## rewrite the sources as clang-format wants them
	$(DEPS)/venv/bin/clang-format -i $(C_ALL)

clean: ## remove what was built, keep what was downloaded
	rm -rf $(addprefix $(BUILD)/,obj assert arm64 lib man completions tests fake fuzz demo measured lint .can-build moetrace run_native bench_launch \
	  bench_stay bench_stop libmoetrace.so libbench_launch.so libbare_cupti.so) $(wildcard build/san-*)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(patsubst %.o,%.d,$(PRELOAD_OBJ) $(ANALYSIS_OBJ) $(NATIVE_OBJ) $(UNIT_OBJ) $(FUZZ_OBJ) \
           $(FUZZ_BIN:$(BUILD)/fuzz/%=$(BUILD)/obj/fuzz/tests/fuzz/%.o)) $(addsuffix .d,$(UNIT_BIN) $(HELPER_BIN))
