"""What other programs run of ours: the action, the workflows, the hooks of pre-commit, GitLab's example, .ci/run, just.

The steps of the action are run by bash as GitHub's runner would run them; only pip is played. The hooks of
.pre-commit-config.yaml hold the files that GitHub reads against its schemas, which are not here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml
from waiting import PATIENCE

from losscli.cli import COMMANDS, cli, entry
from losscli.report import format_names, format_of

if shutil.which("bash") is None:
    pytest.skip("the steps are written for bash", allow_module_level=True)

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW_FILES = sorted((ROOT / ".github" / "workflows").iterdir())
WORKFLOWS = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOW_FILES}
WORKFLOW, RELEASE = WORKFLOWS["ci.yml"], WORKFLOWS["release.yml"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / "docs" / "gitlab-ci.example.yml").read_text(encoding="utf-8"))
OWN_HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").iterdir())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALL, RUN = ACTION["runs"]["steps"]
JOBS = {(name, key): job for name, flow in WORKFLOWS.items() for key, job in flow["jobs"].items()}
JOB_STEPS = [step for job in JOBS.values() for step in job.get("steps", ())]
ACTION_STEPS = WORKFLOW["jobs"]["action"]["steps"]
SCORE = "sample_data/diabetes.csv\n--target=progression\n--pred=ridge\n--loss=rmse\n"


def runs(step):
    """Whether a line of shell stands in the step."""
    return "run" in step


# -------------------------------------------------------------------------------------------------- what they look like


def test_nothing_that_others_write_is_pasted_into_a_script():
    """An expression inside `run` is pasted before bash reads it: whoever names a branch could write commands."""
    steps = [step for step in [*ACTION["runs"]["steps"], *JOB_STEPS] if runs(step)]
    assert len(steps) >= 8
    for step in steps:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]


def test_the_action_passes_all_its_inputs_and_gives_its_outputs():
    assert ACTION["runs"]["using"] == "composite"
    used = {name for step in (INSTALL, RUN) for name in re.findall(r"inputs\.([\w-]+)", str(step))}
    assert used == set(ACTION["inputs"])
    for step in (INSTALL, RUN):
        given = {name for name in step["env"] if name.startswith("ACTION_")}
        assert given == set(re.findall(r"\$\{?(ACTION_\w+)", step["run"]))
    for output, about in ACTION["outputs"].items():
        assert about["value"] == "${{ steps.run.outputs." + output + " }}"
    assert RUN["id"] == "run"
    assert RUN["env"]["LOSSCLI_FORMAT"] in format_names()


def test_workflows_ask_for_little():
    for name, flow in WORKFLOWS.items():
        assert flow["permissions"] == {"contents": "read"}, name
        assert "group" in flow["concurrency"], name
    assert set(WORKFLOW[True]) == {"push", "pull_request", "workflow_call"}  # YAML reads `on` as true
    more = {key: job["permissions"] for key, job in JOBS.items() if "permissions" in job}
    assert more == {("release.yml", "publish"): {"id-token": "write"}}
    for key, job in JOBS.items():
        assert "uses" in job or job["timeout-minutes"] <= 30, key
    for step in JOB_STEPS:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", WORKFLOW_FILES, ids=lambda path: path.name)
def test_workflows_pin_what_they_use(path):
    """To a commit, as a tag can be moved; one action has one pin everywhere."""
    uses = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert uses
    for use in uses:
        own = use.startswith("./") and (ROOT / use).exists()
        assert own or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
    every = [use for file in WORKFLOW_FILES for use in re.findall(r"uses: (\w.*)", file.read_text(encoding="utf-8"))]
    assert len({use.partition("@")[0] for use in every}) == len(set(every))


def test_the_workflow_runs_what_everybody_runs_on_every_python_we_name():
    job = WORKFLOW["jobs"]["tests"]
    assert [step["run"] for step in job["steps"] if runs(step)] == [".ci/run"]
    assert job["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    named = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert job["strategy"]["matrix"]["python"] == named
    free = WORKFLOW["jobs"]["free-threaded"]
    assert free["continue-on-error"] and free["steps"][1]["with"]["python-version"] == f"{named[-1]}t"


def test_a_release_is_published_last_and_without_a_token():
    jobs = RELEASE["jobs"]
    assert RELEASE[True] == {"push": {"tags": ["v*"]}}
    assert set(jobs["publish"]["needs"]) == jobs.keys() - {"publish"}
    assert jobs["publish"]["environment"] == "pypi"
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert jobs["tests"]["uses"] == "./.github/workflows/ci.yml"
    # A job that is called belongs to the group of its caller's name; in one group the two would wait for each other.
    assert RELEASE["concurrency"]["group"] != "${{ github.workflow }}-${{ github.ref }}"


def test_what_a_job_takes_another_has_left():
    left, taken = (
        [step["with"]["name"] for job in RELEASE["jobs"].values() for step in job.get("steps", ())
         if f"actions/{what}-artifact@" in step.get("uses", "")]
        for what in ("upload", "download")
    )  # fmt: skip
    assert set(taken) == set(left) == {"distributions"}
    for key, job in RELEASE["jobs"].items():
        if any("download-artifact" in step.get("uses", "") for step in job.get("steps", ())):
            assert "build" in job["needs"], key


def test_a_release_scores_a_file_with_what_it_built(runner):
    """The lines of the job that are ours; the artifact and the environment are played."""
    (step,) = (step for step in RELEASE["jobs"]["install"]["steps"] if runs(step))
    lines = [line for line in step["run"].splitlines() if line.startswith('"$bin/losscli"')]
    assert len(lines) == 4
    script = f"bin={shlex.quote(str(runner / 'temp' / 'losscli-action' / 'bin'))}\n" + "\n".join(lines)
    folder = runner / "work" / "copy"
    shutil.copytree(ROOT / "sample_data", folder)
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=folder, capture_output=True, encoding="utf-8",
                          env={"PATH": os.environ["PATH"], "HOME": str(runner)}, timeout=PATIENCE)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert PROJECT["name"] in done.stdout and "54.57" in done.stdout


# ----------------------------------------------------------------------------------------------------------- the action


@pytest.fixture
def runner(tmp_path):
    """A runner's machine: its folders, its files, and losscli where the first step would have installed it."""
    for name in ("temp", "work", "files"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "sample_data").symlink_to(ROOT / "sample_data")
    bin = tmp_path / "temp" / "losscli-action" / "bin"
    bin.mkdir(parents=True)
    script(
        bin / "losscli", f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P -m losscli "$@"'
    )
    return tmp_path


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run_step(found, runner, inputs, path=None, **more):
    """One step of the action, as the runner runs it; gives the process and what it wrote to the runner's files."""
    given = {name: about["default"] for name, about in ACTION["inputs"].items()} | inputs
    filled = {name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], str(value))
              for name, value in found["env"].items()}  # fmt: skip
    files = {name: runner / "files" / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    environment = {"PATH": path or os.environ["PATH"], "HOME": str(runner), "RUNNER_TEMP": str(runner / "temp"),
                   "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_WORKSPACE": str(runner / "work"),
                   "LANG": "C.UTF-8", **{name: str(at) for name, at in files.items()}, **filled, **more}  # fmt: skip
    (runner / "step.sh").write_text(found["run"])
    where = runner / "work" / given["working-directory"]
    done = subprocess.run([shutil.which("bash"), "--noprofile", "--norc", "-eo", "pipefail", runner / "step.sh"],
                          cwd=where, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)  # fmt: skip
    written = dict(re.findall(r"^([\w-]+)=(.*)$", files["GITHUB_OUTPUT"].read_text(), re.MULTILINE))
    return done, written, files["GITHUB_STEP_SUMMARY"].read_text()


@pytest.mark.parametrize(
    ("args", "code", "passed", "says"),
    [
        (SCORE + "--gate=rmse <= 60\n", 0, "true", "::notice title=losscli::"),
        (SCORE + "--gate=rmse <= 50\n", 1, "false", "::error title=losscli gate::FAIL rmse <= 50"),
        (SCORE + "--gate=rmse <= 50\n--exit-zero", 0, "false", "::error title=losscli gate::"),
        (SCORE.replace("rmse", "rmsee"), 2, "false", "::error title=losscli USAGE_UNKNOWN_LOSS::"),
        (SCORE.replace("ridge", "bridge"), 3, "false", "::error title=losscli DATA_MISSING_COLUMN::"),
        (SCORE.replace(".csv", ".cvs"), 4, "false", "::error title=losscli IO_NOT_FOUND::"),
    ],
)
def test_the_exit_code_is_kept_and_said(runner, args, code, passed, says):
    done, outputs, summary = run_step(RUN, runner, {"command": "eval", "args": args})
    assert done.returncode == code, done.stderr
    assert (outputs["passed"], outputs["exit-code"]) == (passed, str(code))
    assert says in done.stdout + done.stderr
    if code < 2:
        assert "54.57" in outputs["score_rmse"]
        assert "rmse" in summary


def test_what_the_workflow_asks_of_the_action(runner):
    """Its last step holds what the two before it said against what the action says here."""
    good, bad = (step for step in ACTION_STEPS if step.get("uses") == "./")
    said = ACTION_STEPS[-1]["run"]
    for name, found, outcome in (("GOOD", good, "success"), ("BAD", bad, "failure")):
        done, outputs, _ = run_step(RUN, runner, found["with"])
        assert f"""[ "${name}" = '{outcome} {outputs["passed"]} {outputs["exit-code"]}' ]""" in said
        assert (done.returncode == 0) == (outcome == "success")
    assert bad["continue-on-error"] is True and "continue-on-error" not in good


def test_a_line_is_an_argument_whatever_it_holds(runner):
    (runner / "work" / "two words.csv").write_text("y,p\n1,2\n")
    (runner / "work" / "deeper").mkdir()
    evil = '--where=y == 1 or y == 2 # $(touch ../evil) `touch ../evil` "; touch ../evil'
    args = f"\r\n../two words.csv\r\n\r\n--target=y\n--pred=p\n--loss=mse\n{evil}"
    done, outputs, _ = run_step(RUN, runner, {"command": "eval", "args": args, "working-directory": "deeper"})
    assert (done.returncode, outputs["exit-code"]) == (2, "2")
    assert "invalid filter" in done.stderr and "$(touch ../evil)" in done.stderr
    good = args.replace(evil, "--where=y == 1 or y == 2")
    done, outputs, _ = run_step(RUN, runner, {"command": "eval", "args": good, "working-directory": "deeper"})
    assert (done.returncode, outputs["score_mse"]) == (0, "1.0")
    assert not (runner / "work" / "evil").exists()


@pytest.mark.parametrize("command", ["rm -rf x", "list", "", "eval; true"])
def test_other_commands_are_refused(runner, command):
    done, outputs, _ = run_step(RUN, runner, {"command": command})
    assert (done.returncode, outputs) == (2, {"passed": "false", "exit-code": "2"})
    assert done.stdout.startswith("::error ")


def test_what_installs_nothing_fails_and_says_so(runner):
    shutil.rmtree(runner / "temp" / "losscli-action")
    done, outputs, _ = run_step(RUN, runner, {"command": "eval", "args": SCORE})
    assert (done.returncode, outputs) == (127, {"passed": "false", "exit-code": "127"})


VENV = """case "$*" in
  "-c "*) exit {old} ;;
  "-m venv "*) mkdir -p "$3/{bin}" && cp "$0" "$3/{bin}/python" ;;
  *) printf '%s\\n' "$0" "$@" > "$ASKED" ;;
esac"""


@pytest.mark.parametrize(
    ("inputs", "requirement"),
    [
        ({}, str(ROOT)),
        ({"extras": "remote,dask"}, f"{ROOT}[remote,dask]"),
        ({"version": "0.1.0"}, "losscli==0.1.0"),
        ({"version": "0.1.0", "extras": "remote"}, "losscli[remote]==0.1.0"),
        ({"version": "./my wheels/losscli.whl"}, "./my wheels/losscli.whl"),
        ({"version": "--index-url=https://elsewhere"}, "--index-url=https://elsewhere"),  # behind --: no option
    ],
)
@pytest.mark.parametrize("bin", ["bin", "Scripts"])
def test_what_is_installed(tmp_path, runner, inputs, requirement, bin):
    shutil.rmtree(runner / "temp" / "losscli-action")
    python(tmp_path / "tools", "python", bin)
    done, _, _ = run_step(INSTALL, runner, inputs, path=f"{tmp_path / 'tools'}", ASKED=str(tmp_path / "asked"))
    assert (done.returncode, done.stderr) == (0, "")
    home = runner / "temp" / "losscli-action" / bin / "python"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [str(home), "-m", "pip", "install", "--quiet", "--", requirement]


def python(folder, name, bin="bin", old=0):
    """A Python that makes environments, and writes down what else it is asked; and the tools that it needs."""
    folder.mkdir(exist_ok=True)
    for tool in ("sh", "mkdir", "cp"):
        if not (folder / tool).exists():
            (folder / tool).symlink_to(shutil.which(tool))
    script(folder / name, VENV.replace("{old}", str(old)).replace("{bin}", bin))


def test_which_python(tmp_path, runner):
    tools = tmp_path / "tools"
    shutil.rmtree(runner / "temp" / "losscli-action")
    python(tools, "python3", old=1)
    asked = {"path": str(tools), "ASKED": str(tmp_path / "asked")}
    done, _, _ = run_step(INSTALL, runner, {}, **asked)
    assert done.returncode == 2 and "Python 3.11 or newer was not found" in done.stdout
    python(tools, "python")
    assert run_step(INSTALL, runner, {}, **asked)[0].returncode == 0
    done, _, _ = run_step(INSTALL, runner, {"python": "python3"}, **asked)  # it was named, so no other will do
    assert done.returncode == 2
    python(tools, "python3.99")
    assert run_step(INSTALL, runner, {"python": "python3.99"}, **asked)[0].returncode == 0


# --------------------------------------------------------------------------------------------- commands that others run


def understood(line: str):
    """Let click read a command line of ours, without running it."""
    words = shlex.split(line)
    assert words[:2] == ["losscli", words[1]] and words[1] in COMMANDS, line
    with cli.make_context("losscli", words[1:], resilient_parsing=False) as context:
        command = cli.get_command(context, words[1])
        with command.make_context(words[1], words[2:], parent=context) as inner:
            return inner.params


def test_the_lines_of_gitlab():
    job = GITLAB["losscli"]
    install, run = job["script"]
    assert install.startswith("pip install ")
    files = dict(named.split("=") for named in understood(run)["outputs"])
    assert set(job["artifacts"]["reports"]) == {"junit", "metrics"}
    assert files == {
        "junit": job["artifacts"]["reports"]["junit"],
        "openmetrics": job["artifacts"]["reports"]["metrics"],
    }
    assert all(kind in format_names() for kind in files)
    assert job["artifacts"]["when"] == "always"


CONFIG = """[suites.diabetes]
sources = ["sample_data/diabetes.csv"]
target = "progression"
pred = ["ridge"]
losses = ["rmse"]
gates = ["rmse <= 50"]
"""


def test_what_gitlab_reads_is_written_also_where_a_gate_fails(runner):
    job = GITLAB["losscli"]
    work = runner / "work"
    (work / "losscli.toml").write_text(CONFIG)
    environment = {"PATH": f"{runner}/temp/losscli-action/bin:{os.environ['PATH']}", "HOME": str(runner)}
    running = {"cwd": work, "env": environment, "capture_output": True, "timeout": PATIENCE}
    done = subprocess.run(["bash", "-c", job["script"][1]], **running)
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    assert "<failure" in (work / reports["junit"]).read_text()
    assert (work / reports["metrics"]).read_text().endswith("# EOF\n")

    check = ["bash", "-c", HOOKS[0]["entry"]]
    assert subprocess.run(check, **running).returncode == 0
    (work / "losscli.toml").write_text(CONFIG.replace("gates =", "gaits ="))
    assert subprocess.run(check, **running).returncode == 2


def test_the_hooks_of_pre_commit():
    assert [hook["id"] for hook in HOOKS] == ["losscli-config", "losscli-gate"]
    for hook, more in zip(HOOKS, ("", " base.json new.json --gate 'rmse<=baseline+1%'"), strict=True):
        assert {"name", "description", "entry", "language", "files"} <= set(hook)
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)
        understood(hook["entry"] + more)
    config, gate = (re.compile(hook["files"]) for hook in HOOKS)
    assert config.search("losscli.toml") and config.search("pyproject.toml") and not config.search("a/losscli.toml")
    assert gate.search("base.json") and not gate.search("base.jsonl")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("", "", None),
        ('target = "progression"', 'columns = ["targte=progression"]', "no loss here has the role 'targte'"),
        ('"rmse"]', '"rsme"]', "unknown loss 'rsme'"),
        ("rmse <=", "mse <=", "'mse' is not computed here"),
    ],
)
def test_the_hook_of_pre_commit_judges_a_configuration_without_its_data(
    before, after, message, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    text = CONFIG.replace("sample_data/diabetes.csv", "gone.csv")
    (tmp_path / "losscli.toml").write_text(text.replace(before, after) if before else text)
    code = entry.run(shlex.split(HOOKS[0]["entry"])[1:])
    out, err = capfd.readouterr()
    assert code == (2 if message else 0)
    assert message in err and not out if message else "rmse <= 50" in out


def test_the_hook_of_pre_commit_compares_two_reports(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("y,p,q\n1,1.5,3\n2,2,2\n")
    for pred in "pq":
        assert entry.run(["eval", "p.csv", "-t", "y", "-p", f"model={pred}", "-l", "rmse", "-o", f"{pred}.json"]) == 0
    line = [*shlex.split(HOOKS[1]["entry"])[1:], "--gate=rmse<=baseline+1%"]
    assert [entry.run([*line, "p.json", new]) for new in ("p.json", "q.json")] == [0, 1]
    assert "gate: FAIL rmse<=baseline+1%" in capfd.readouterr()[1]


def test_the_lines_of_the_page_about_ci():
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ *(?:- |\$ )?(losscli .*?)$", text.replace("\\\n", " "), re.MULTILINE)
    assert len(lines) >= 5
    for line in lines:
        for output in understood(line).get("outputs") or ():
            kind, equals, _ = output.partition("=")
            assert kind in format_names() if equals else format_of(output), line
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        found = yaml.safe_load(block)
        for one in _steps(found):
            if "losscli@" in one.get("uses", ""):
                assert set(one["with"]) <= set(ACTION["inputs"])
                assert one["with"].get("command", "check") in ("check", "eval", "compare", "diff")
        for repo in found.get("repos", ()):
            assert {hook["id"] for hook in repo["hooks"]} <= {hook["id"] for hook in HOOKS}


def _steps(found):
    jobs = found.get("jobs", {}).values() if isinstance(found.get("jobs"), dict) else ()
    return [one for job in jobs for one in job.get("steps", ())]


def test_a_wrong_line_is_seen():
    with pytest.raises(click.ClickException):
        understood("losscli eval x.csv --los mse")
    with pytest.raises(AssertionError):
        understood("losscli evl x.csv")


# ---------------------------------------------------------------------------------------------------------- containers


def test_the_image_has_what_the_wheel_is_made_of_and_is_not_root():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (user,) = re.findall(r"^USER (\d+)$", text, re.MULTILINE)
    assert int(user) >= 1000 and f"--uid {user} " in text
    images = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert len(images) == 1 and f"Programming Language :: Python :: {images.pop()[7:11]}" in PROJECT["classifiers"]
    assert re.search(r'^ENTRYPOINT \["losscli"\]$', text, re.MULTILINE) and "losscli" in PROJECT["scripts"]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    assert all((ROOT / name).exists() for name in sent)
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    (readme,) = hatch["metadata"]["hooks"]["fancy-pypi-readme"]["fragments"]
    needed = [hatch["version"]["path"], hatch["build"]["hooks"]["custom"]["path"], readme["path"], "pyproject.toml",
              *PROJECT["license-files"]]  # fmt: skip
    assert [path for path in needed if not any(f"{path}/".startswith(f"{name}/") for name in sent)] == []


def test_the_cluster_in_containers():
    """Its run is understood, and its sample is there; the containers themselves run in a workflow."""
    found = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services = found["services"]
    assert set(services) == {"scheduler", "worker", "score"} and found["networks"]["default"]["internal"]
    assert all(one["read_only"] and one["build"]["args"]["EXTRAS"] == "dask" for one in services.values())
    assert "dask" in PROJECT["optional-dependencies"]
    run = understood(shlex.join(["losscli", *services["score"]["command"]]))
    (address,) = [word for word in services["worker"]["command"] if word.startswith("tcp://")]
    assert run["scheduler"] == address and services["scheduler"]["command"][1] == address.rpartition(":")[2]
    assert (ROOT / "sample_data" / run["sources"][0]).is_file()


# ------------------------------------------------------------------------------------------------------------ .ci/run


@pytest.mark.parametrize(
    ("system", "line"),
    [
        ("linux-gnu", "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/pytest"),
        ("darwin23", "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/pytest"),
        ("msys", "python -m venv .venv && .venv/Scripts/pip install . && .venv/Scripts/pytest"),
        ("cygwin", "python -m venv .venv && .venv/Scripts/pip install . && .venv/Scripts/pytest"),
    ],
)
def test_the_readme_lines_as_they_are_typed_on_other_systems(system, line):
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    setting = text.partition("python=python3 ")[1:]
    lines = "".join(setting).partition("\n\n")[0]
    typed = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/pytest"
    command = f"OSTYPE={system}\n{lines}\ntyped_here <<<'{typed}'"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == f"{line}\n"
    # nothing below goes around it
    assert ".venv/" not in text.partition("typed_here() {")[2].partition("\n")[2].replace("--exclude=./.venv", "")


# ---------------------------------------------------------------------------------- just, pre-commit, dependabot, forms


def recipes():
    """Name -> the lines of its body."""
    text = (ROOT / ".justfile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z]+)(?: \*arguments)?:\n((?:    .*\n)+)", text, re.MULTILINE)
    return {name: [line.strip() for line in body.splitlines()] for name, body in found}


def brought(extra):
    """The names of the packages that an extra of ours installs."""
    names = {re.split(r"[\[<>=]", line, maxsplit=1)[0] for line in PROJECT["optional-dependencies"][extra]}
    return names - {PROJECT["name"]}


def test_recipes_run_what_is_there():
    found = recipes()
    assert {"test", "lint", "format", "types", "docs", "site", "bench", "golden", "coverage"} <= found.keys()
    installed = brought("test") | brought("dev") | brought("docs")
    for name, lines in found.items():
        for line in lines if name != "list" else ():
            words = shlex.split(line.replace("{{ python }}", "python"))
            assert words[0] == "python", line
            if words[1] == "-m":
                assert words[2] in installed, line
            else:
                assert (ROOT / words[1]).is_file(), line
    assert "rust-just" in installed


def test_recipes_that_are_named_are_there():
    named = []
    for path in (*WORKFLOW_FILES, ROOT / "CONTRIBUTING.md", ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md"):
        text = path.read_text(encoding="utf-8")
        for words in re.findall(r"(?:`|^ *)just ([a-z]+(?: [a-z]+)*)", text, re.MULTILINE):
            named += words.split()
    assert "coverage" in named and "docs" in named
    assert set(named) <= recipes().keys()


def test_recipes_and_hooks_check_what_ci_run_checks():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    checks = [line.replace('"$bin/', "").replace('"', "") for line in re.findall(r'^"\$bin/.*', script, re.MULTILINE)]
    assert [line.split()[0] for line in checks] == ["ruff", "ruff", "mypy"]
    (site,) = re.findall(r"-m mkdocs build (.*)", script)
    assert "--strict" in site and not {"-q", "--quiet"} & set(site.split())
    ours = recipes()
    assert [line.partition(" -m ")[2] for line in (*ours["lint"], *ours["types"])] == checks
    entries = {hook["entry"].replace(" --force-exclude", "") for hook in own_hooks() if hook["language"] == "system"}
    assert entries == {line.replace(" --check", "") for line in checks}


def own_hooks():
    assert [repo["repo"] for repo in OWN_HOOKS["repos"]] == ["local"]
    return OWN_HOOKS["repos"][0]["hooks"]


def test_our_own_hooks_name_what_they_need():
    hooks = own_hooks()
    assert len({hook["id"] for hook in hooks}) == len(hooks)
    for hook in hooks:
        assert hook["language"] in ("system", "python")
        if hook["language"] == "system":
            assert hook["entry"].split()[0] in brought("test")
        else:
            (needed,) = hook["additional_dependencies"]
            assert re.fullmatch(r"[\w-]+==[\d.]+", needed)
        if "files" in hook:
            pattern = re.compile(hook["files"])
            files = (*ROOT.glob("*.*"), *(ROOT / ".github").rglob("*.yml"), *(ROOT / "losscli").glob("*.py"))
            assert any(pattern.search(path.relative_to(ROOT).as_posix()) for path in files), hook["id"]


def test_dependabot_looks_at_what_we_have():
    found = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert found["version"] == 2
    assert [one["package-ecosystem"] for one in found["updates"]] == ["pip", "docker", "github-actions"]
    assert all(one["directory"] == "/" for one in found["updates"])


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(form) == {"name", "description", "labels", "body"}
    asked = [item for item in form["body"] if item["type"] != "markdown"]
    assert len({item["id"] for item in asked}) == len(asked) >= 3
    assert any(item.get("validations", {}).get("required") for item in asked)
    for line in re.findall(r"`(losscli .*?)`", path.read_text(encoding="utf-8")):
        if line != "losscli --version -v":
            understood(line)
