# What is done again and again. `just` lists it; `pip install -e '.[dev]'` in .venv brings just and what it runs.
# PYTHON names another interpreter than that of .venv. Arguments go on to the program.

set positional-arguments
set windows-shell := ["bash", "-c"]

python := env("PYTHON", if os_family() == "windows" { ".venv/Scripts/python" } else { ".venv/bin/python" })

[private]
list:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Run the tests
test *arguments:
    "{{ python }}" -m pytest -n auto "$@"

# Show what ruff finds, and what it would format
lint:
    "{{ python }}" -m ruff check
    "{{ python }}" -m ruff format --check

# Fix what ruff can fix
format:
    "{{ python }}" -m ruff check --fix
    "{{ python }}" -m ruff format

# Check the types with mypy
types:
    "{{ python }}" -m mypy --strict losscli

# Bring what is generated in README.md and docs/ up to date
docs:
    "{{ python }}" tests/generate.py

# Build the documentation site into build/site, after pip install -e '.[docs]'
site *arguments:
    "{{ python }}" -m mkdocs build --strict "$@"

# Measure against other programs and judge by the goals; all of it takes an hour
bench *arguments:
    "{{ python }}" tests/benchmarks/run.py "$@"

# Make the golden numbers; PYTHON is the environment that tests/golden/make.py describes
golden *arguments:
    "{{ python }}" tests/golden/make.py "$@"

# Run the tests and show the lines that they reach, in htmlcov/ too
coverage *arguments:
    "{{ python }}" -m coverage erase
    "{{ python }}" -m coverage run -m pytest "$@"
    "{{ python }}" -m coverage combine --quiet
    "{{ python }}" -m coverage html --quiet
    "{{ python }}" -m coverage report
