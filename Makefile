# make demo   the light install with videos and charts, then the main job on real photos, to dataset/
# make test   full install, then every test
# make demo-train  a small trained model on photos (PHOTOS=DIR for your own), by the commands of the evaluation
# make test-fast  the tests that take no time: an answer in under a minute
# make check  ruff and the strict type checker
# make environments   the distortions alone, as a wheel, under other Pythons and both OpenCV majors: the same bytes
# make release-check   versions, both distributions under the oldest and newest dependencies, licences; publishes nothing
# make docs   pages made from the code
# make site   the documentation as a site, in out/site; warnings are errors
# make bench  what is measured, not asserted

PYTHON ?= python3
PHOTOS ?= perception20k/sample
LIGHT := .venv-light
FULL := .venv
UV_FLAGS := -q -c constraints.txt

.PHONY: demo demo-train test test-fast check environments release-check docs site bench pin clean

demo: $(LIGHT)/ready
	$(LIGHT)/bin/perception20k build --out dataset

demo-train: $(FULL)/ready
	$(FULL)/bin/python -m examples.learn_to_see.demo --photos $(PHOTOS) --out out/demo-train

test: $(FULL)/ready
	$(FULL)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: $(FULL)/ready
	$(FULL)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow" tests

check: $(FULL)/ready
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy

environments: $(FULL)/ready
	PYTHON=$(FULL)/bin/python UV=$(FULL)/bin/uv .ci/environments

release-check: $(FULL)/ready
	PYTHON=$(FULL)/bin/python UV=$(FULL)/bin/uv .ci/release

docs: $(FULL)/ready
	$(FULL)/bin/python -m distortions > docs/distortions.md
	$(FULL)/bin/python docs/_site/picture.py

site: $(FULL)/ready
	NO_MKDOCS_2_WARNING=1 $(FULL)/bin/python -m mkdocs build --quiet
	@echo "Open out/site/index.html"

bench: $(FULL)/ready
	$(FULL)/bin/python -m benchmarks.distortions
	$(FULL)/bin/python -m benchmarks.kadid
	$(FULL)/bin/python -m benchmarks.transforms
	$(FULL)/bin/python -m benchmarks.build
	$(FULL)/bin/python -m benchmarks.direction
	$(FULL)/bin/python -m benchmarks.review
	$(FULL)/bin/python -m benchmarks.annotate
	$(FULL)/bin/python -m benchmarks.training

# What was resolved and tested, for every extra; names and versions only.
pin: $(FULL)/ready
	$(FULL)/bin/uv pip freeze --exclude-editable | LC_ALL=C sort > constraints.txt

# By the pip at hand, if there is one: an environment without its own, and without compiled files, takes a third of the time.
$(LIGHT)/ready: pyproject.toml distortions/pyproject.toml constraints.txt
	$(PYTHON) -m venv --without-pip $(LIGHT)
	$(PYTHON) -m pip --python $(LIGHT)/bin/python install -q uv || { $(PYTHON) -m venv $(LIGHT) && $(LIGHT)/bin/pip install -q uv; }
	$(LIGHT)/bin/uv pip install --python $(LIGHT)/bin/python $(UV_FLAGS) -e '.[plots,video]'
	touch $@

# Compiled once at the install, so that no worker of the tests compiles torch again.
$(FULL)/ready: pyproject.toml distortions/pyproject.toml constraints.txt
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/pip install -q uv
	$(FULL)/bin/uv pip install --python $(FULL)/bin/python $(UV_FLAGS) --compile-bytecode -e '.[review,plots,video,formats,hub,remote,models,train,ray,docs,dev]'
	touch $@

clean:
	rm -rf $(LIGHT) $(FULL) build *.egg-info distortions/build distortions/*.egg-info
