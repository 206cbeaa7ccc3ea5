"""The recipes of docs/scale.md run: their shells, manifests and programs, with losscli itself in place of its command.

Schedulers that are not here are played: what they would start is started, with the variables that they would set. Ray
and Spark run for real where they are installed; elsewhere the same code runs with stand-ins.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path

import generate
import jsonschema
import numpy as np
import pytest
import yaml
from object_store import command, object_store, quick_retries
from waiting import PATIENCE

import losscli
from losscli.cli import shard_number
from losscli.execution.state_file import Shard

if shutil.which("bash") is None:
    pytest.skip("the recipes are written for bash", allow_module_level=True)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
RUN = ("-t", "y", "-p", "p", "-l", "mse")
REAL = {name: importlib.util.find_spec(name) is not None for name in ("ray", "pyspark", "airflow")}


def recipe(section: str) -> dict[str, list[str]]:
    """The blocks under a heading, by their language."""
    _, _, after = PAGE.partition(f"\n## {section}\n")
    body = re.split(r"\n## ", after)[0]
    assert body, section
    return {language: generate.fences(body, language) for language in ("sh", "yaml", "python")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Predictions in two files, and an empty folder for states; losscli on the path writes what it is asked for."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(3).normal(size=(30, 2)).tolist()
    Path("preds").mkdir()
    for name, some in (("a", rows[:12]), ("b", rows[12:])):
        Path(f"preds/{name}.csv").write_text("y,p\n" + "".join(f"{y!r},{p!r}\n" for y, p in some))
    Path("states").mkdir()
    Path("bin").mkdir()
    script(
        "losscli",
        f"""exec {shlex.quote(sys.executable)} -c 'import json, os, sys
line = json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n"  # in one piece, as jobs run beside each other
os.write(os.open("asked.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), line.encode())' "$@" """,
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path


def script(name: str, body: str) -> None:
    path = Path("bin") / name
    path.write_text(f"#!/bin/bash\nset -euo pipefail\n{body}\n")
    path.chmod(0o755)


def here(text: str) -> str:
    """A recipe about two shards in this folder."""
    text = text.replace("s3://bucket/", f"{os.getcwd()}/").replace("preds.parquet", f"{os.getcwd()}/preds")  # noqa: PTH109
    text = re.sub(r"SHARDS = 16", "SHARDS = 2", text).replace("/16", "/2").replace("0..15", "0..1")
    return text.replace("seq 16", "seq 2").replace("completions: 16", "completions: 2").replace("mse<=0.5", "mse<=50")


def shell(text: str, **variables: str) -> str:
    done = subprocess.run(["bash", "-c", text], env={**os.environ, **variables}, capture_output=True, text=True,
                          timeout=PATIENCE)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked() -> list[tuple[list[str], dict[str, str]]]:
    """What losscli was asked for, and the variables of then."""
    return [json.loads(line) for line in Path("asked.jsonl").read_text().splitlines()]


def run_asked(monkeypatch) -> None:
    """Do what losscli was asked for, with the variables of then."""
    lines = asked()
    Path("asked.jsonl").unlink()
    for words, environ in lines:
        with monkeypatch.context() as then:
            for name in (*environ, "SLURM_ARRAY_TASK_ID"):
                if name.startswith(("SLURM_", "JOB_")) and name in environ:
                    then.setenv(name, environ[name])
            code, _, err = command(*words)
            assert code == 0, (words, err)


def expected() -> float:
    return losscli.evaluate("preds", ["mse"], target="y", pred="p")["mse"].value


def value(path: str) -> float:
    return json.loads(Path(path).read_text())["results"][0]["value"]


def test_slurm(folder, monkeypatch):
    job, submit = map(here, recipe("Slurm")["sh"])
    options = dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(\S+))?$", job, re.MULTILINE))
    assert len(options) == job.count("#SBATCH") and options["array"] == "0-15"
    first, last = 0, 1
    Path("score.sbatch").write_text(job)
    # sbatch runs the script once a task of the array, and the wrapped line at once: nothing else waits here
    script("sbatch", f"""case "$*" in
"--parsable score.sbatch")
  for task in {first} {last}; do
    SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MIN={first} SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=2 \\
      SLURM_CPUS_PER_TASK={options["cpus-per-task"]} bash score.sbatch
  done; echo 17;;
"--dependency=afterok:17 --wrap "*) bash -c "$3";;
*) exit 9;; esac""")  # fmt: skip
    again = {"ID": str(last), "MIN": str(last), "STEP": "1", "COUNT": "1"}  # sbatch --array=1 score.sbatch
    environ = {f"SLURM_ARRAY_TASK_{name}": text for name, text in again.items()}
    shell("bash score.sbatch", SLURM_CPUS_PER_TASK=options["cpus-per-task"], **environ)
    ((words, environ),) = asked()
    assert shard_number.asked(words[words.index("--shard") + 1], environ)[0] == Shard(2, 2)
    shell(submit)
    run_asked(monkeypatch)
    assert value("report.json") == expected()
    assert sorted(path.name for path in Path("states").iterdir()) == ["0.json", "1.json"]


def test_kubernetes(folder, monkeypatch):
    manifest = yaml.safe_load(recipe("Kubernetes")["yaml"][0])
    schema = json.loads((ROOT / "tests" / "support" / "kubernetes_job.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(manifest)
    spec = manifest["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert spec["completions"] == int(re.search(r"--shard auto/(\d+)", container["args"][0])[1])
    for index in range(2):
        done = subprocess.run([*container["command"], *map(here, container["args"])], timeout=PATIENCE,
                              env={**os.environ, "JOB_COMPLETION_INDEX": str(index)})  # fmt: skip
        assert done.returncode == 0
    script("kubectl", ":")
    shell(here(recipe("Kubernetes")["sh"][0]))
    run_asked(monkeypatch)
    assert value("report.json") == expected()


@pytest.mark.parametrize(
    "change",
    [{"completionmode": "Indexed"}, {"completionMode": "Index"}, {"completions": "16"}, {"template": {}, "extra": 1}],
)
def test_the_schema_of_a_job_is_strict(change):
    manifest = yaml.safe_load(recipe("Kubernetes")["yaml"][0])
    schema = json.loads((ROOT / "tests" / "support" / "kubernetes_job.json").read_text())
    manifest["spec"].update(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(manifest)


def test_github(folder, monkeypatch):
    flow = yaml.safe_load(recipe("GitHub Actions")["yaml"][0])
    assert flow["permissions"] == {"contents": "read"} and True in flow  # YAML takes `on` for a truth value
    shard, losses = flow["jobs"]["shard"], flow["jobs"]["losses"]
    numbers = shard["strategy"]["matrix"]["shard"]
    steps = [step for job in (shard, losses) for step in job["steps"]]
    assert all("uses" in step or step["shell"] == "bash" for step in steps)
    assert not any("${{" in step.get("run", "") for step in steps)
    (score,) = (step for step in shard["steps"] if "--shard" in step.get("run", ""))
    assert numbers == list(range(1, int(re.search(r"\$SHARD/(\d+)", score["run"])[1]) + 1))
    assert score["env"] == {"SHARD": "${{ matrix.shard }}"} and losses["needs"] == "shard"
    Path("losscli.toml").write_text(
        '[suites.a]\nsources="preds"\ntarget="y"\npred="p"\nlosses="mse"\ngates="mse<=50"\n'
    )
    for number in numbers:  # each job has a machine of its own, and its states go to one folder
        shell(score["run"], SHARD=str(number))
    shell(losses["steps"][-1]["run"])
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run_asked(monkeypatch)
    assert len(list(Path("states").iterdir())) == len(numbers)


@pytest.mark.parametrize("real", [False, True], ids=["stand-in", "real"])
def test_gnu_parallel(real, folder, monkeypatch):
    if real and (shutil.which("parallel") is None or "GNU" not in shell("parallel --version")):
        pytest.skip("GNU parallel is not installed")
    if not real:
        script("parallel", '[ "$1 $2 $3 $4" = "--jobs 4 --halt now,fail=1" ]; shift 4\n'
               'while read -r each; do "${@//\\{\\}/$each}"; done')  # fmt: skip
    job = here(recipe("GNU parallel")["sh"][0])
    shell(job.rpartition("losscli merge")[0])
    run_asked(monkeypatch)
    shell("losscli merge" + job.rpartition("losscli merge")[2])
    run_asked(monkeypatch)
    assert value("report.json") == expected()


# ------------------------------------------------------------------------------------------------------- programs


class Played:
    """What a program does with a module that is not here."""

    def __init__(self, monkeypatch) -> None:
        self.monkeypatch = monkeypatch

    def module(self, name: str, **members: object) -> None:
        made = types.ModuleType(name)
        vars(made).update(members)
        self.monkeypatch.setitem(sys.modules, name, made)

    def in_process(self) -> None:
        """`subprocess.run(["losscli", …])` of the program runs in this process."""

        def run(words: list[str], check: bool) -> None:
            assert check and words[0] == "losscli"
            code, _, err = command(*words[1:])
            assert code == 0, err

        self.monkeypatch.setattr(subprocess, "run", run)


def test_ray_with_a_stand_in(folder, monkeypatch, capsys):
    asked: list[dict[str, object]] = []

    def remote(**options: object) -> object:
        asked.append(options)
        return lambda function: types.SimpleNamespace(remote=function)

    played = Played(monkeypatch)
    played.module("ray", remote=remote, get=list)
    played.in_process()
    exec(compile(here(recipe("Ray")["python"][0]), "ray.py", "exec"), {})
    assert float(capsys.readouterr().out) == expected()
    assert asked == [{"num_cpus": 1, "max_retries": 3, "retry_exceptions": True}]


def test_spark_with_a_stand_in(folder, monkeypatch, capsys):
    import pandas

    class Frame:
        def __init__(self, start: int, stop: int, numPartitions: int) -> None:
            assert numPartitions == stop - start
            self.parts = [pandas.DataFrame({"id": [number]}) for number in range(start, stop)]

        def mapInPandas(self, function, schema):
            assert schema == "state string"
            made = pandas.concat([frame for part in self.parts for frame in function(iter([part]))])
            return types.SimpleNamespace(collect=lambda: [types.SimpleNamespace(state=each) for each in made["state"]])

    session = types.SimpleNamespace(
        builder=types.SimpleNamespace(getOrCreate=lambda: types.SimpleNamespace(range=Frame))
    )
    played = Played(monkeypatch)
    played.module("pyspark")
    played.module("pyspark.sql", SparkSession=session)
    played.in_process()
    exec(compile(here(recipe("Spark")["python"][0]), "spark.py", "exec"), {})
    assert float(capsys.readouterr().out) == expected()


def test_airflow_with_a_stand_in(folder, monkeypatch):
    asked: list[str] = []

    class Task:
        def __init__(self, function) -> None:
            self.function = function

        def expand(self, number):
            return Steps([self.function(each) for each in number])

        def __call__(self):
            return Steps([self.function()])

    class Steps(list):
        def __rshift__(self, other):
            asked.extend([*self, *other])
            return other

    def bash(function=None, **options):
        assert options in ({}, {"retries": 3})
        return Task(function) if function else Task

    played = Played(monkeypatch)
    played.module("airflow")
    played.module("airflow.sdk", dag=lambda **_: lambda function: function, task=types.SimpleNamespace(bash=bash))
    exec(compile(here(recipe("Airflow")["python"][0]), "score.py", "exec"), {})
    assert len(asked) == 3
    for line in asked:
        shell(line)
    run_asked(monkeypatch)
    assert value("report.json") == expected()


@pytest.mark.parametrize(("section", "package"), [("Ray", "ray"), ("Spark", "pyspark")])
def test_the_real_one(section, package, folder):
    if not REAL[package]:
        pytest.skip(f"{package} is not installed")
    script("losscli", f"exec {shlex.quote(sys.executable)} -c 'from losscli.__main__ import main; main()' \"$@\"")
    Path("program.py").write_text(here(recipe(section)["python"][0]))
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
               "RAY_DISABLE_IMPORT_WARNING": "1", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}  # fmt: skip
    done = subprocess.run([sys.executable, "program.py"], env=environ, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout.split()[-1]) == expected()


def test_airflow_can_read_its_recipe(folder):
    if not REAL["airflow"]:
        pytest.skip("airflow is not installed")
    Path("score.py").write_text(here(recipe("Airflow")["python"][0]).replace("\nscore()\n", "\nmade = score()\n"))
    Path("read.py").write_text("import score; print(sorted(score.made.task_ids), score.made.get_task('shard').retries)")
    environ = {**os.environ, "AIRFLOW_HOME": str(folder / "home")}
    done = subprocess.run([sys.executable, "read.py"], env=environ, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "['merge', 'shard'] 3"


# ---------------------------------------------------------------------------------------------------------- costs


def test_a_run_makes_no_more_requests_than_the_page_says(tmp_path, monkeypatch):
    s3fs = pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
    import pyarrow as pa
    import pyarrow.parquet as pq

    quick_retries(monkeypatch)
    names: dict[str, object] = {}
    block = next(block for block in recipe("How many shards")["python"] if "def requests" in block)
    lines = [line[4:] for line in block.splitlines() if re.match(r">>> def|\.\.\. ", line)]
    exec(compile(ast.parse("\n".join(lines)), "page", "exec"), names)
    asked: list[str] = []
    real = s3fs.S3FileSystem._call_s3

    async def call(self, method, *args, **arguments):
        asked.append(method)
        return await real(self, method, *args, **arguments)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", call)
    values = np.random.default_rng(1).normal(size=(10, 20_000))
    pq.write_table(pa.table({name: values[at] for at, name in enumerate("ypabcdefgh")}), tmp_path / "a.parquet")
    with object_store("costs") as (endpoint, client):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        for number in range(4):
            client.put_object(Bucket="costs", Key=f"preds/{number}.parquet", Body=(tmp_path / "a.parquet").read_bytes())
        plan = str(tmp_path / "plan")
        assert command("plan-shards", "s3://costs/preds", "--shards", "2", "--plan-out", plan, "-q")[0] == 0
        for name, words in (("requests", ("s3://costs/preds",)), ("planned_requests", ("--shard-plan", plan))):
            asked.clear()
            for number in (1, 2):
                code, _, err = command("eval", *words, *RUN, "--shard", f"{number}/2",
                                       "--state-out", str(tmp_path / f"{name}{number}.json"))  # fmt: skip
                assert code == 0, err
            assert 0 < len(asked) <= names[name](4, 2)
    assert max(path.stat().st_size for path in tmp_path.glob("*.json")) < 8000


def test_every_recipe_is_tested():
    sections = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert [section for section in sections if section not in {"How many shards", "Dask or threads"}] == [
        "Slurm",
        "Kubernetes",
        "GitHub Actions",
        "GNU parallel",
        "Airflow",
        "Ray",
        "Spark",
    ]
