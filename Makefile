# One line a command; what they do is in bootstrap.py and in etabli itself.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.etabli

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help reports test lab check attack validate browser bench fuzz lock clean

help: ## Affiche cette aide
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

reports: $(STAMP) ## Fabrique les données fictives, puis tous les rapports par défaut
	$(BIN)/etabli demo
	$(BIN)/etabli batch --default

test: $(STAMP) ## Lance les tests
	$(BIN)/python -m pytest

lab: $(STAMP) ## Ouvre JupyterLab, en français, sur les notebooks
	$(BIN)/etabli lab

check: $(STAMP) ## Vérifie le style, les types, l’ordre des modules et les notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/etabli notebooks

attack: $(STAMP) ## Attaque des rapports tirés au hasard, protégés par la maison puis naïvement (quelques minutes)
	$(BIN)/python benchmarks/attack.py

validate: $(STAMP) ## Tient les statistiques de chaque étude à 400 livraisons simulées, dans docs/validation (quelques minutes)
	$(BIN)/python benchmarks/validate.py

browser: ## Installe Chromium s’il manque (pour etabli pdf et les tests du navigateur)
	@command -v chromium >/dev/null || command -v apt-get >/dev/null || \
		{ echo "Chromium manque, et apt-get aussi : installez Chromium à la main, puis recommencez." >&2; exit 1; }
	@command -v chromium >/dev/null || { \
		sudo=$$([ "$$(id -u)" -eq 0 ] || echo sudo); \
		$$sudo apt-get update && $$sudo apt-get install --yes --no-install-recommends chromium; }

bench: $(STAMP) ## Mesure noyaux, lecture, pages, lots, protection et audit, dans benchmarks/results.md (une heure)
	$(BIN)/python benchmarks/kernels.py --write
	$(BIN)/python benchmarks/reading.py --write
	$(BIN)/python benchmarks/exports.py --write
	$(BIN)/python benchmarks/batch.py --write
	$(BIN)/python benchmarks/protection.py --write
	$(BIN)/python benchmarks/protection.py --write --growth
	$(BIN)/python benchmarks/argus.py --write
	$(BIN)/python benchmarks/audit.py --write
	$(BIN)/python benchmarks/growth.py --write
	$(BIN)/python benchmarks/typology.py --write
	$(BIN)/python benchmarks/daily.py --write
	$(BIN)/python benchmarks/small_groups.py --write

fuzz: $(STAMP) ## Lit 20 000 fichiers abîmés et tue des lots à 50 moments (longtemps)
	$(BIN)/python -m pytest -m fuzz
	$(BIN)/python tests/deliveries/fuzzing.py --files 20000

lock: ## Refait requirements.lock d’après pyproject.toml (il faut uv)
	@command -v uv >/dev/null || { echo "La commande uv manque : voyez docs.astral.sh/uv." >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --group test --group check --group build \
		pyproject.toml -o requirements.lock

clean: ## Supprime ce qui se refabrique (rapports, données fictives, caches), jamais les livraisons ni le registre
	rm -rf reports/* reports/.batches data/demo data/cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find lib tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
		{ echo "Python est introuvable ($(PYTHON)) : donnez-le par « make PYTHON=… »." >&2; exit 1; }
	@$(PYTHON) bootstrap.py
