"""The project's own files: dependencies, locks, workflows, citation."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from importlib.util import find_spec

import pytest
import yaml

from tools import publisher
from tools.notebooks import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK, SITE_LOCK = "locks/requirements.txt", "locks/requirements-book.txt"
COURSE_LOCK = "locks/requirements-course.txt"
ENGINE_LOCK = "locks/requirements-federated.txt"
# Groups that are installed apart.
APART = ("course", "federated")


def declared():
    """Return all requirements of pyproject.toml but those installed apart: name to bounds."""
    groups = {name: g for name, g in PROJECT["dependency-groups"].items() if name not in APART}
    lines = [*PROJECT["project"]["dependencies"], *(line for g in groups.values() for line in g)]
    return dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in lines)


def locked(name):
    """Return the versions that a lock holds: name to set of versions."""
    versions = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.-]+)==([\w.]+)", line):
            versions.setdefault(match[1], set()).add(match[2])
    return versions


def test_environment_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    lines = environment["dependencies"]
    lines = [line for line in lines if isinstance(line, str)] + lines[-1]["pip"]
    listed = dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in lines if line != "-e .")
    assert listed.pop("python") == PROJECT["project"]["requires-python"]
    listed.pop("pip")
    assert listed == declared()


@pytest.mark.parametrize("name", [LOCK, SITE_LOCK, COURSE_LOCK, ENGINE_LOCK])
def test_lock_has_hashes_and_names_no_index(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|file:|--index|--find-links", text)
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", text))
    for requirement in filter(None, requirements):
        assert re.match(r"[\w.-]+==[\w.]+[ \n]", requirement), requirement[:80]
        assert "--hash=sha256:" in requirement, requirement[:80]


def test_lock_holds_what_is_declared():
    assert set(declared()) <= set(locked(LOCK))
    # The engine runs beside all of it.
    assert locked(LOCK).items() <= locked(ENGINE_LOCK).items() and "nvflare" in locked(ENGINE_LOCK)


def test_site_lock_is_a_part_of_the_lock_without_tensorflow():
    everything, site = locked(LOCK), locked(SITE_LOCK)
    assert all(versions <= everything[name] for name, versions in site.items())
    assert "tensorflow" not in site


def check_schema(schema, *paths):
    """Fail if files are not as a published schema says."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    checked = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}


def test_files_of_forges_are_valid():
    check_schema("github-workflows", *(ROOT / ".github" / "workflows").glob("*.yml"))
    check_schema("dependabot", ROOT / ".github" / "dependabot.yml")
    check_schema("vendor.citation-file-format", ROOT / "CITATION.cff")


def test_actions_of_others_are_named_by_commit():
    used = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used |= set(re.findall(r"uses: (.+)", path.read_text(encoding="utf-8")))
    used -= {"./.github/workflows/test.yml"}
    pinned = {use for use in used if re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", use)}
    assert used == pinned
    # One version of each.
    assert len({use.split("@")[0] for use in used}) == len(used) > 0


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_have_the_least_rights(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        steps = job.get("steps", [])
        if job.get("permissions"):
            # What may write runs no code of the book, and none that was installed.
            commands = " ".join(step.get("run", "") for step in steps)
            assert not re.search(r"make|python|pip", commands)
            assert not any("checkout" in step.get("uses", "") for step in steps)
        for step in steps:
            if "checkout" in step.get("uses", ""):
                assert step["with"] == {"persist-credentials": False}
            # Names that somebody chose elsewhere are no part of a command.
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", ["publish", "release"])
def test_nothing_goes_out_before_the_tests_are_green(name):
    workflow = WORKFLOWS[name]["jobs"]
    first = [job for job in workflow if "needs" not in workflow[job]]
    assert first == ["test"]
    assert workflow["test"]["uses"] == "./.github/workflows/test.yml"


@pytest.mark.parametrize("name", ["test", "versions"])
def test_workflows_are_not_green_on_simulated_images(name):
    assert WORKFLOWS[name]["env"] == {"MEDMNIST_SYNTHETIC": "0"}


def test_the_weekly_workflow_runs_other_versions_than_the_lock():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (job,) = WORKFLOWS["versions"]["jobs"].values()
    names = [entry["versions"] for entry in job["strategy"]["matrix"]["include"]]
    assert sorted(names) == ["colab", "newest", "oldest"]
    for name in names:
        assert re.search(rf"^{name}: VERSIONS := --\w+", makefile, re.M)


def test_versions_of_colab_are_dated_and_allowed():
    text = (ROOT / "locks" / "colab.txt").read_text(encoding="utf-8")
    assert re.match(r"# What Colab had on \d{4}-\d\d-\d\d, Python 3\.\d+ ", text)
    for name, version in re.findall(r"(?m)^([\w-]+)==([\d.]+)$", text):
        if bound := re.fullmatch(r">=([\d.]+)", declared().get(name, "")):
            parts = [[int(part) for part in v.split(".")] for v in (version, bound[1])]
            assert parts[0] >= parts[1], name


def test_version_is_the_same_everywhere():
    version = PROJECT["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version
    assert f"## {version} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_command_that_is_named_exists(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^(\w+):", makefile))
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)(?:^|`)make (\w+)", text)) <= targets
    for module in re.findall(r"python -m (tools\.\w+)", text):
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), module
    for module in re.findall(r"bin/python -m ([\w.]+)", text):
        spec = find_spec(module)
        assert spec, module
        # A package runs only if it says how.
        assert not spec.submodule_search_locations or find_spec(f"{module}.__main__"), module


def test_helpers_do_not_import_tensorflow():
    code = """
import sys, pkgutil, importlib, helpers
for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
    importlib.import_module(module.name)
print({"tensorflow", "keras"} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stdout + run.stderr


# Who publishes.


@pytest.mark.parametrize(
    ("address", "url", "branch"),
    [
        ("https://github.com/You/fork", "https://github.com/You/fork", "main"),
        ("https://github.com/You/fork/", "https://github.com/You/fork", "main"),
        ("https://github.com/You/fork.git", "https://github.com/You/fork", "main"),
        (" http://www.github.com/You/fork.git/ ", "https://github.com/You/fork", "main"),
        ("github.com/You/fork", "https://github.com/You/fork", "main"),
        ("git@github.com:You/fork.git", "https://github.com/You/fork", "main"),
        ("ssh://git@github.com/You/fork.git", "https://github.com/You/fork", "main"),
        ("https://github.com/You/fork/tree/next-1.0", "https://github.com/You/fork", "next-1.0"),
        ("https://github.com/a/b.c_d-e", "https://github.com/a/b.c_d-e", "main"),
    ],
)
def test_addresses_of_a_publisher(address, url, branch):
    assert publisher.publication(address)[:2] == (url, branch)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "you/fork",
        "https://github.com/you",
        "https://github.com/../..",
        "https://github.com/you/..",
        "https://github.com/you/.git",
        "https://github.com/-you/fork",
        "https://github.com/you_/fork",
        "https://github.com/you/fork/blob/main/README.md",
        "https://github.com/you/fork/tree/a/b",
        "https://github.com/you/fork?tab=readme",
        "https://github.com/you/fork#readme",
        'https://github.com/you/fork"',
        "https://github.com/you/fork\nx",
        "https://github.com/yöu/fork",
        "https://gitlab.com/you/fork",
        "https://github.com.evil.org/you/fork",
        "https://name:secret@github.com/you/fork",
        "https://github.com/you/" + "x" * 101,
    ],
)
def test_addresses_of_nobody(address):
    with pytest.raises(ValueError, match="is no repository of GitHub.*https://github.com/YOU/FORK"):
        publisher.publication(address)


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("You/fork", "https://you.github.io/fork/"),
        ("You/you.github.io", "https://you.github.io/"),
    ],
)
def test_address_of_the_site(name, site):
    assert publisher.publication(f"https://github.com/{name}").site == site


# Finds nothing that the site's lock does not have.
SITE_ALONE = """
import sys
for name in ("tensorflow", "keras", "numpy", "matplotlib", "scipy", "sklearn", "helpers", "pytest"):
    sys.modules[name] = None
from tools.publisher import main
main(sys.argv[1])
"""


@pytest.fixture
def copy(tmp_path):
    """Return a small copy of the project: one lesson, and a function that says who publishes it."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    names = [*publisher.FILES, "book/reference/glossary.md", "notebooks/pooling.ipynb"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "_toc.yml").write_text("file: notebooks/pooling\n", encoding="utf-8")

    def publish(address):
        command = [sys.executable, "-c", SITE_ALONE, address]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return tmp_path, publish


def test_no_word_about_widgets_that_nobody_needs():
    program = """
import warnings
import helpers
from tqdm import TqdmWarning
from tqdm.notebook import WARN_NOIPYW
warnings.warn(WARN_NOIPYW, TqdmWarning)
warnings.warn("another", TqdmWarning)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert "another" in run.stderr and "IProgress" not in run.stderr


def test_link_for_a_hub_is_that_of_the_page():
    page = (ROOT / "book" / "teaching" / "running.md").read_text(encoding="utf-8")
    link = publisher.hub_link("https://github.com/YOU/FORK", "modalities-and-history.ipynb")
    assert f"\n{link}\n" in page


def test_a_publisher_is_named_everywhere_and_can_change(copy):
    folder, publish = copy
    for owner, branch in [("first", "next"), ("second", "main")]:
        run = publish(f"https://github.com/{owner}/fork/tree/{branch}")
        assert run.returncode == 0, run.stderr
        url, site = f"https://github.com/{owner}/fork", f"https://{owner}.github.io/fork/"
        text = {name: (folder / name).read_text(encoding="utf-8") for name in publisher.FILES}
        config = yaml.safe_load(text["_config.yml"])
        assert config["repository"] == {"url": url, "branch": branch}
        assert set(config["launch_buttons"]) >= {"colab_url", "binderhub_url"}
        assert config["html"]["use_repository_button"] is True
        assert config["html"]["baseurl"] == site
        citation = yaml.safe_load(text["CITATION.cff"])
        assert (citation["repository-code"], citation["url"]) == (url, site)
        check_schema("vendor.citation-file-format", folder / "CITATION.cff")
        project = tomllib.loads(text["pyproject.toml"])
        assert project["project"].pop("urls") == {"Homepage": site, "Repository": url}
        PROJECT["project"].pop("urls", None)
        assert project == PROJECT
        # YAML reads `on` as True.
        workflow = yaml.safe_load(text[".github/workflows/publish.yml"])
        assert workflow[True]["push"]["branches"] == [branch]
        lesson = (folder / "notebooks" / "pooling.ipynb").read_text(encoding="utf-8")
        assert f"git clone --quiet --depth 1 --branch {branch} {url} /content/book" in lesson


def test_a_wrong_address_changes_nothing(copy):
    folder, publish = copy
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    run = publish("https://gitlab.com/you/fork")
    assert run.returncode == 1
    assert "is no repository of GitHub" in run.stderr and "Nothing was changed" in run.stderr
    assert "Traceback" not in run.stderr
    assert before == {path: path.read_bytes() for path in before}


# Make.


def make(folder, *arguments, **variables):
    """Run make in a folder that holds the Makefile and the locks."""
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "locks", folder / "locks")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    command = ["make", *arguments, f"PYTHON={sys.executable}"]
    return subprocess.run(
        command, cwd=folder, env=environment | variables, capture_output=True, text=True
    )


needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not here")


@needs_make
def test_a_port_that_is_taken_is_said_before_the_site_is_built(tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "python.done").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = make(tmp_path, "serve", f"PORT={port}")
    assert run.returncode != 0
    assert f"Port {port} is taken" in run.stdout
    assert "Setting up" not in run.stdout and "Traceback" not in run.stderr


@needs_make
def test_a_set_up_without_network_says_so(tmp_path):
    # Nobody listens there.
    index = "http://127.0.0.1:9/simple"
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_INDEX_URL": index}
    run = make(tmp_path, ".venv/book.done", **settings)
    assert run.returncode != 0
    assert "No network" in run.stdout
    assert not (tmp_path / ".venv" / "book.done").exists()
