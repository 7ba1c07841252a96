# SPDX-License-Identifier: GPL-2.0
# The front door. Each target does what it needs first; the work is in
# scripts/ and vm/, and everything built lands in build/.

FLAVOUR ?= default
FLAVOURS ?= default debug

MAKEFLAGS += --no-print-directory
MAKEOVERRIDES =
unexport MAKEFLAGS

.DEFAULT_GOAL := help
.NOTPARALLEL:

# A variable that a target does not know would be ignored without a word, and so
# would one that is misspelt. The target's line of help says which it knows.
GIVEN := $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))
KNOWN := JOBS FORCE
ifneq ($(GIVEN),)
GOALS := $(or $(MAKECMDGOALS),help)
KNOWN += $(shell awk -v goals=' $(GOALS) ' -F : '/^[a-z-]+:.*\#\# / && \
	index(goals, " " $$1 " ") { sub(/.*\#\# /, ""); print }' Makefile | \
	grep -o '\[[A-Za-z]*=' | tr -d '[=')
$(if $(filter-out $(KNOWN),$(GIVEN)),$(error `make $(GOALS)` does not know \
	$(filter-out $(KNOWN),$(GIVEN)); it knows $(KNOWN)))
endif

##@ Use
# S and ARGS get there through the environment, whatever is in them.
run: default-tools ## boot a VM and show a scheduler at work, 35 s [S=scx_mine] [ARGS=its options] [M=machine]
	@vm/run $(if $(M),-m '$(M)')

shell: default-tools default-selftests ## open a shell in the VM [FLAVOUR=] [M=machine]
	@scripts/kernel '$(FLAVOUR)'
	@vm/shell '$(FLAVOUR)' $(M)

test: default-selftests ## all tests, an hour on two slow cores; one in half a minute [T=name] [M=machine] [FLAVOURS=default]
	@for flavour in $(filter-out default,$(FLAVOURS)); do \
		scripts/kernel --if-changed $$flavour || exit; done
	@status=0; $(if $(T)$(M),,scripts/check-pages --boot || status=1; scripts/tutorial --test || status=1;) \
	vm/test $(foreach f,$(FLAVOURS),--flavour '$(f)') \
		$(foreach t,$(T),--test '$(t)') $(if $(M),--machine '$(M)') || status=1; exit $$status

tutorial-test: default-tools ## the schedulers of the tutorial, built elsewhere and run, 1 min
	@scripts/tutorial --test

test-upstream: default-tools ## the base's own sched_ext selftests on our kernel
	@vm/test-upstream

##@ Today's schedulers
clients: clients-build ## build them, run them on our kernel and on the base [C=name] [M=machine] [K=ours|stock]
	@for flavour in $(patsubst ours,default,$(or $(K),ours stock)); do \
		scripts/kernel $$flavour || exit; done
	@clients/run $(foreach c,$(C),--client '$(c)') $(foreach m,$(M),--machine '$(m)') \
		$(foreach k,$(K),--kernel '$(k)')

clients-build: setup ## build them, with the host's cargo [C=name]
	@scripts/setup clients
	@clients/build $$(clients/run --crates $(foreach c,$(C),--client '$(c)'))

clients-doc: ## write the last results of `make clients` into Documentation/
	@clients/doc

##@ Measure
bench: default-tools ## instructions per operation, stock and ours side by side, 25 min [B='--quick ...']
	@bench/kernels
	@bench/programs
	@bench/run $(B)

bench-doc: ## write the last figures of `make bench` into Documentation/
	@bench/doc

profile: default-tools ## where they go, by function [W=pipe] [S=simple] [K=ours|stock|off]
	@bench/kernels stock ours $(filter off,$(K))
	@bench/programs
	@bench/profile --workload '$(or $(W),pipe)' --scheduler '$(or $(S),simple)' \
		--kernel '$(or $(K),ours)'

##@ Build
setup: ## install what the other targets need, a few min the first time (Debian 12 or 13)
	@scripts/setup

tree: setup ## build/linux: the base, our files over it, patches applied, 2 s
	@FORCE='$(FORCE)' scripts/assemble

kernel: setup ## build a kernel, 5 to 10 min the first time, then 20 s to 3 min [FLAVOUR=default|debug|debian|stock]
	@FORCE='$(FORCE)' scripts/kernel '$(FLAVOUR)'

tools: default-tools ## the example schedulers, 2 s each
deb-tools: default-tools ## a Debian package of the schedulers, the service and the headers, 1 min
	@scripts/setup deb
	@scripts/deb

install-headers: default-tools ## what it takes to build schedulers elsewhere [DESTDIR=] [prefix=/usr/local]
	@scripts/programs install-headers
selftests: default-selftests ## our selftests, 2 min the first time

##@ Work on it
refresh: ## take edits made in build/linux back [P=NNN-name.patch]
	@P='$(P)' scripts/refresh

rebase: setup ## take another version of the base from Debian, build and test it, 2 h [V=6.12.y]
	@scripts/rebase '$(V)'

series: tree ## write build/series: patches for git am on the pristine base
	@scripts/series

# A look at what changed does not wait for a kernel.
check: check-known $(if $(filter changed,$(C)),tree,default-tools) ## style, warnings, layers, variants, the series, 5 to 10 min; what changed, 10 s, or 2 min if a common header did [C=changed or a check]
	@scripts/check $(C)

models: ## have spin visit every state of the models of protocols, 1 min
	@scripts/setup models
	@scripts/models

ifneq ($(wildcard Documentation),)
docs: setup ## render Documentation/ to build/docs
	@scripts/docs
endif

clean: ## remove what was built; the compiler cache stays
	rm -rf build

help: ## this list; times are for two cores
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

default-kernel: setup
	@scripts/kernel --if-changed default

# Before anything is built for it.
check-known:
	@scripts/check --known $(C)

default-tools: default-kernel
	@scripts/programs tools

default-selftests: default-tools
	@scripts/programs selftests

.PHONY: run shell test tutorial-test test-upstream bench bench-doc profile clients clients-build clients-doc setup tree \
	kernel tools deb-tools install-headers selftests \
	refresh rebase series check check-known models docs clean help \
	default-kernel default-tools default-selftests
