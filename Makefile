# amorph: what can be done with a clone. `make help` lists it.

PYTHON ?= python3
CARGO  ?= cargo
MPIRUN ?= mpirun
RANKS  ?= 2
DEMO   ?= demo
PAPER  ?= paper
PREFIX ?= /usr/local

VENV   := .venv
AMORPH := target/release/amorph
# Where `make install` puts things; DESTDIR is for those who make packages.
SHARE  := $(DESTDIR)$(PREFIX)/share

# OpenMPI refuses root, and more ranks than cores, unless it is told otherwise: containers and
# small machines need both. `cargo test` gets the same from .cargo/config.toml.
export OMPI_ALLOW_RUN_AS_ROOT = 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = 1
export OMPI_MCA_rmaps_base_oversubscribe = 1
# One thread per rank: the ranks are the parallelism.
export OMP_NUM_THREADS = 1
# The MPI tests start the program with it.
export MPIRUN
# The tests that read results from Python use this interpreter.
export AMORPH_PYTHON = $(CURDIR)/$(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo paper paper-full beyond figures test test-serial test-avx2 test-slurm test-mpich lint docs torture referee scan design bench bench-inputs bench-parts build serial install packages rust clean

help:  ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 21

demo: packages rust  ## a small ensemble from configs/demo.toml with its table and figure, a few minutes
	@$(MAKE) --no-print-directory -j2 build $(VENV)/installed
	@mkdir -p $(DEMO)
	@if [ -e $(DEMO)/demo.h5 ]; then echo "demo: replacing the earlier $(DEMO)/demo.h5"; fi
	@rm -f $(DEMO)/demo.h5
	$(MPIRUN) -n $(RANKS) $(AMORPH) run configs/demo.toml -o $(DEMO)/demo.h5
	$(VENV)/bin/amorph-figure 4 $(DEMO)/demo.h5 -o $(DEMO)/figure-4.png
	@echo
	@echo "results  $(DEMO)/demo.h5       look inside: h5dump -n $(DEMO)/demo.h5"
	@echo "figure   $(DEMO)/figure-4.png"
	@echo "table    $(AMORPH) stats $(DEMO)/demo.h5"

# The studies of the paper's figures. `make paper` runs the first replicas of each, enough to draw, and
# `make paper-full` all of them. Both go on where they were stopped.
STUDIES := figure-1 figure-2 figure-3 figure-4 figure-s3 limit
PART_figure-4 := 0:4
PART_limit := 0:4

paper: $(STUDIES:%=$(PAPER)/%.h5)  ## the paper's figures from reduced ensembles into paper/, below five minutes on two cores
	@$(MAKE) --no-print-directory figures PAPER=$(PAPER)

paper-full:  ## the same from the full ensembles and large solids, into paper-full/, hours (docs/reproduction.md)
	@$(MAKE) --no-print-directory paper PAPER=$(PAPER)-full STUDIES="$(STUDIES) limit-large" $(STUDIES:%=PART_%=)

# What the paper leaves open (docs/beyond-the-paper.md). `make beyond` runs a few replicas of each study.
BEYOND := beyond
QUESTIONS := allosteric spectrum disorder interaction
REPLICAS_allosteric := 0:3
REPLICAS_spectrum := 0:2
REPLICAS_disorder := 0:4
REPLICAS_interaction := 0:5
# What amorph-table prints, and from which study.
TABLES := allosteric:allosteric choice:allosteric rank:spectrum disorder:disorder defects:disorder interaction:interaction
# As many series as have colours of their own.
OPTIONS_allosteric := $(addprefix --scenario ,own_2d own-particles_2d one-particles_2d)
OPTIONS_spectrum := $(addprefix --scenario ,species_2d_N256 species_3d_N256 particles_2d_N256 particles_3d_N256)

beyond: $(VENV)/installed $(QUESTIONS:%=$(BEYOND)/%.h5)  ## the paper's open questions from reduced ensembles into beyond/, some minutes
	@$(foreach name,$(QUESTIONS),$(VENV)/bin/amorph-figure $(name) $(BEYOND)/$(name).h5 $(OPTIONS_$(name)) \
	  -o $(BEYOND)/$(name).pdf -o $(BEYOND)/$(name).png && echo "figure   $(BEYOND)/$(name).pdf, .png" &&) :
	@for table in $(TABLES); do \
	  name="$${table%:*}"; \
	  $(VENV)/bin/amorph-table "$$name" "$(BEYOND)/$${table#*:}.h5" > "$(BEYOND)/$$name.md" && \
	  echo "table    $(BEYOND)/$$name.md" || exit; \
	done

$(BEYOND)/%.h5: build FORCE
	@mkdir -p $(BEYOND)
	$(MPIRUN) -n $(RANKS) $(AMORPH) run configs/beyond-$*.toml -o $@ --resume --replicas $(REPLICAS_$*)

FORCE:
$(PAPER)/%.h5: build FORCE
	@mkdir -p $(PAPER)
	$(MPIRUN) -n $(RANKS) $(AMORPH) run configs/$*.toml -o $@ --resume $(PART_$*:%=--replicas %)

figures: $(VENV)/installed  ## the paper's figures from the results in paper/, as PDF and PNG
	@drawn=; code=0; for results in $(PAPER)/figure-*.h5 $(PAPER)/limit*.h5; do \
	  [ -e "$$results" ] || continue; \
	  figure=$${results%.h5}; name=$${figure##*/}; name=$${name#figure-}; drawn=yes; \
	  $(VENV)/bin/amorph-figure "$${name%-large}" "$$results" -o "$$figure.pdf" -o "$$figure.png" && \
	  echo "figure   $$figure.pdf, .png" || code=$$?; \
	done; \
	[ "$$drawn" ] || { echo "figures: no results in $(PAPER)/; make paper computes them" >&2; exit 2; }; \
	exit $$code

test: packages rust $(VENV)/tested  ## every test but the long ones, below 15 minutes
	@scripts/install-packages.sh chromium
	$(CARGO) test --no-run
	$(VENV)/bin/python -m unittest discover -s analysis
	$(CARGO) test --no-fail-fast

lint: packages rust  ## format and clippy, as CI checks them
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --no-default-features -- -D warnings

docs: build  ## docs/commands.md, docs/configuration.md and the schema from the program itself
	@scripts/document-commands.sh $(AMORPH)

torture: packages rust  ## kill the program some 200 times and compare the files, long
	$(CARGO) test --release --test torture -- --ignored --nocapture

referee: packages rust  ## thresholds against plain FIRE at every step, hours
	$(CARGO) test --release --test referee -- --ignored --nocapture

scan: packages rust  ## every prepared solid against plain dense computation, p and B, half an hour
	$(CARGO) test --release --test scan -- --ignored --nocapture

design: packages rust  ## success rates of inverse design (docs/design.md), hours; STUDIES=2d/ for some
	$(CARGO) bench --bench design -- $(STUDIES) --csv design.csv

# What is timed against other programs, in the order of bench/table.md.
COMPARED := relaxation replica autodiff
# The lmp of LAMMPS that the benchmarks call.
export AMORPH_LMP = $(CURDIR)/$(VENV)/bin/lmp

bench: packages rust $(VENV)/benched  ## against LAMMPS and automatic differentiation, into bench/table.md; below 15 minutes
	@mkdir -p bench
	$(CARGO) bench --no-run --bench relaxation --bench replica --bench features
	$(CARGO) bench --bench relaxation > bench/relaxation.md
	$(CARGO) bench --bench replica > bench/replica.md; echo $$? > bench/replica.code
	$(CARGO) bench --bench features > bench/features.jsonl
	$(VENV)/bin/python benches/autodiff.py bench/features.jsonl > bench/autodiff.md
	@{ scripts/describe-machine.sh; for part in $(COMPARED); do echo; cat bench/$$part.md; done; } > bench/table.md
	@cat bench/table.md
	@exit $$(cat bench/replica.code)

bench-inputs: packages rust $(VENV)/benched  ## the inputs that were tried for LAMMPS, some minutes
	$(CARGO) bench --bench relaxation -- --inputs

bench-parts: packages rust  ## time the kernels and the engine, and the dispatcher in virtual time
	$(CARGO) bench --bench kernels
	$(CARGO) bench --bench dispatcher
	$(CARGO) bench --bench engine

build: packages rust  ## the program, target/release/amorph
	$(CARGO) build --release

# HDF5's sources need a newer CMake than some distributions have.
# CI builds it in target, where most of what it needs is built already.
SERIAL_TARGET ?= target/serial
serial: rust  ## the program for one core, without MPI or libraries of the system: target/serial
	@cmake --version 2>/dev/null | grep -q -E 'version (3\.(2[6-9]|[3-9])|[4-9])' || \
	  [ -x $(VENV)/bin/cmake ] || { $(PYTHON) -m venv $(VENV) && \
	  $(VENV)/bin/pip install --quiet --disable-pip-version-check cmake==4.4.5; }
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(CARGO) build --release --no-default-features \
	  --features bundled-hdf5 --target-dir $(SERIAL_TARGET)

test-serial: build $(VENV)/installed  ## the program without MPI computes the same bits
	@mkdir -p target/tmp && cp $(AMORPH) target/tmp/with-mpi
	@$(MAKE) --no-print-directory serial
	@scripts/test-serial.sh $(VENV)/bin/python target/tmp/with-mpi $(SERIAL_TARGET)/release/amorph

test-avx2: build $(VENV)/installed  ## a processor with AVX2 alone computes the bits of AVX-512, emulated, long
	@scripts/install-packages.sh qemu-user
	@scripts/test-avx2.sh $(VENV)/bin/python $(AMORPH)

test-slurm: build $(VENV)/installed  ## the job scripts on a real SLURM of one node, six minutes
	@scripts/install-packages.sh slurm-wlm munge
	timeout -k 20 1200 $(VENV)/bin/python scripts/test-slurm.py $(AMORPH)

# MPICH's launcher must be called by its own name.
MPICH_HDF5 ?= /usr/lib/$(shell uname -m)-linux-gnu/hdf5/mpich
test-mpich: rust $(VENV)/tested  ## the tests with MPICH instead of Open MPI, in target/mpich
	@scripts/install-packages.sh mpich libmpich-dev libhdf5-mpich-dev chromium
	MPICC=mpicc.mpich HDF5_DIR=$(MPICH_HDF5) MPIRUN=mpirun.mpich \
	  $(CARGO) test --no-fail-fast --target-dir target/mpich

install: build  ## the program, its manual pages and completions under PREFIX=/usr/local
	install -D $(AMORPH) $(DESTDIR)$(PREFIX)/bin/amorph
	install -d $(SHARE)/man/man1 $(SHARE)/bash-completion/completions \
	  $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(AMORPH) completions --man $(SHARE)/man/man1
	$(AMORPH) completions bash > $(SHARE)/bash-completion/completions/amorph
	$(AMORPH) completions zsh > $(SHARE)/zsh/site-functions/_amorph
	$(AMORPH) completions fish > $(SHARE)/fish/vendor_completions.d/amorph.fish

packages:  ## the system packages that are missing (Debian, Ubuntu)
	@scripts/install-packages.sh

rust:
	@scripts/check-rust.sh $(CARGO)

$(VENV)/installed: requirements.txt analysis/pyproject.toml | packages
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "amorph's figures need Python 3.11 or newer; choose one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	@touch $@

$(VENV)/tested: requirements-test.txt $(VENV)/installed
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

$(VENV)/benched: requirements-bench.txt | packages
	@[ -x $(VENV)/bin/python ] || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

clean:  ## remove what was built, the Python environment, the demo's, the paper's and the benchmarks' output
	rm -rf target $(VENV) $(DEMO) $(PAPER) $(PAPER)-full $(BEYOND) bench
