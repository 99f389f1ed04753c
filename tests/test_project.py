"""The project's own files: dependencies, locks, workflows, citation."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from tools.notebooks import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK, SITE_LOCK = "locks/requirements.txt", "locks/requirements-book.txt"


def declared():
    """Return all requirements of pyproject.toml: name to bounds."""
    groups = PROJECT["dependency-groups"]
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


@pytest.mark.parametrize("name", [LOCK, SITE_LOCK])
def test_lock_has_hashes_and_names_no_index(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|file:|--index|--find-links", text)
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", text))
    for requirement in filter(None, requirements):
        assert re.match(r"[\w.-]+==[\w.]+[ \n]", requirement), requirement[:80]
        assert "--hash=sha256:" in requirement, requirement[:80]


def test_lock_holds_what_is_declared():
    assert set(declared()) <= set(locked(LOCK))


def test_site_lock_is_a_part_of_the_lock_without_tensorflow():
    everything, site = locked(LOCK), locked(SITE_LOCK)
    assert all(versions <= everything[name] for name, versions in site.items())
    assert "tensorflow" not in site


@pytest.mark.parametrize("name", ["test", "publish"])
def test_workflow_is_valid(name):
    path = ROOT / ".github" / "workflows" / f"{name}.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "github-workflows"]
    checked = subprocess.run([*command, str(path)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


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
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def test_helpers_do_not_import_tensorflow():
    code = """
import sys, pkgutil, importlib, helpers
for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
    importlib.import_module(module.name)
print({"tensorflow", "keras"} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stdout + run.stderr
