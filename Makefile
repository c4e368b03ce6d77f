# Everything a machine needs is Python and make: the rest comes from infra/locks into .venv.
SHELL := /bin/bash
STAGE ?= dev
ORG ?= demo
PART ?= seeds
SEEDS ?= 10000
FROM ?= 0
CARDS ?= 100000
CHANGED ?= 5000
PY := .venv/bin/python
export PYTHONUNBUFFERED := 1
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help setup run demo test faults faults-local load fuzz check check-rest format lint types contracts \
        deploy-check build synth deploy probe-tenant redrive bench sync-load reconcile-load lock-load locks clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: ## make .venv from the locks (the other targets do it by themselves)
	@$(shell command -v python3 || command -v python || echo python3) infra/setup.py

run: setup ## the whole system on this machine; KEEP=1, PORT_SHIFT=1000, WORKERS=process
	@$(PY) -m infra.local

demo: setup ## a story told step by step, every system checked; CHAPTER=cards|wallbox|inbound
	@$(PY) -m infra.demo $(CHAPTER)

test: setup ## all tests
	@$(PY) -m pytest -n 3 --dist loadgroup

faults: setup ## random faults; SEEDS=n FROM=m, PART=seeds|scenarios|boundaries|inbound|inbound-permutations|events|mutants|outage|moto|all
	@$(PY) -m tests.faults $(PART) --seeds $(SEEDS) --from $(FROM) $(ARGS)

faults-local: setup ## 125 orders on the local system while 50 workers are killed; ARGS="--seed 1"
	@$(PY) -m tests.faults.local_run $(ARGS)

load: setup ## 2,000 orders of 2 cards on the local system, 10 at once; ARGS="--orders 100"; N=100000: a file of N customers
	@$(PY) -m $(if $(N),tests.faults.load_file $(N),tests.faults.load) $(ARGS)

fuzz: setup ## 20,000 requests made of the API's document; ARGS="--requests n --seed s"
	@$(PY) -W ignore -m tests.fuzz $(ARGS)

check: test check-rest ## all that CI runs

check-rest: setup ## check without the tests
	@$(PY) -m infra.check.all

format: setup ## rewrite the code's layout
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lint: setup ## layout and lint rules
	@.venv/bin/ruff format --check . && .venv/bin/ruff check .

types: setup ## static types
	@.venv/bin/mypy

contracts: setup ## which package may import which
	@.venv/bin/lint-imports

deploy-check: setup ## build, synthesise, validate, deploy to an emulator, count
	@$(PY) -m infra.check

build: setup ## the layers and functions, as they are uploaded
	@$(PY) -m infra.build

synth: build ## the templates of STAGE in cdk.out
	@$(PY) -m infra.app -c stage=$(STAGE)

deploy: build ## deploy STAGE to the AWS account of your credentials
	@$(PY) -m infra.stages $(STAGE) && $(PY) -m infra.toolchain deploy -c stage=$(STAGE) --all

probe-tenant: setup ## measure a Salesforce sandbox, write infra/tenants/STAGE-ORG.json; ORG=demo YES=1
	@$(PY) -m infra.probe --stage $(STAGE) --org $(ORG) $(if $(YES),--create-test-records) $(ARGS)

redrive: setup ## dead letters back to their queue; QUEUE=erp_apply STAGE=local|dev|test|prod DRY=1 REASON=… MOST=100
	@$(PY) -m infra.redrive $(QUEUE) --stage $(STAGE) $(if $(DRY),--dry-run) $(if $(REASON),--reason $(REASON)) $(if $(MOST),--most $(MOST))

bench: setup ## what each use case costs, against the committed table; an ERP's event, against the usual ways
	@$(PY) -m tests.bench && $(PY) -m tests.bench.inbound

lock-load: setup ## sync and card_forward at the same accounts: how often they are locked; ARGS="--cards n"
	@$(PY) -m tests.bench.lock_load $(ARGS)

sync-load: setup ## the sync of 100,000 cards: calls, capacity units, memory; CARDS=n CHANGED=m
	@$(PY) -m tests.bench.sync_load --cards $(CARDS) --changed $(CHANGED)

reconcile-load: CARDS = 10000
reconcile-load: setup ## cards compared in many runs, and again; CARDS=n
	@$(PY) -m tests.bench.reconcile_load --cards $(CARDS)

locks: setup ## resolve the dependencies anew
	@.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml -o infra/locks/product.lock
	@.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c infra/locks/product.lock pyproject.toml --group tools -o infra/locks/tools.lock

clean: ## remove everything that is made
	@rm -rf .venv build cdk.out .local
