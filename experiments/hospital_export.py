"""A classifier on a hospital's export, with a scanner as its shortcut and without; wrong labels.

Ten exports, since one may be an exception: the lesson looks at the first one closely.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid
from helpers import folders
from helpers.folders import Cases
from helpers.phantoms.export import write_export
from helpers.results import Runs

SEEDS = range(10)
SIZE, JOINED, FOLDS, PENALTY, LOOKED_AT = 64, 4, 5, 0.1, 24
# Rows and columns with the letter that one scanner burns in.
LETTER = (2, 11, 56, 62)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS)


def received(seed: int) -> tuple[Cases, np.ndarray]:
    """Return what of an export can be read, and whether each patient is ill (N,)."""
    with tempfile.TemporaryDirectory() as scratch:
        export = write_export(Path(scratch, "export"), seed)
        report = folders.report(export.table)
        left_out = {problem.kind for problem in report.stops} | {"copies", "constant"}
        with contextlib.redirect_stdout(io.StringIO()):
            cases = folders.read(export.table, SIZE, "pad", leave_out=sorted(left_out))
    return cases, np.array([export.truth[file] for file in cases.files])


def joined(images: np.ndarray) -> np.ndarray:
    """Return pixels (N, P) from 0 to 1, four by four of the images (N, H, W, 1) joined into one."""
    side = SIZE // JOINED
    blocks = images[..., 0].reshape(len(images), side, JOINED, side, JOINED)
    return blocks.mean(axis=(2, 4)).reshape(len(images), -1) / 255


def scores_of(
    X: np.ndarray, labels: np.ndarray, patients: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the scores (N,) of logistic regression, cross-validated by patient."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=2000))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    scores = np.empty(len(labels))
    for train, judged in folds.split(X, labels, patients):
        model.fit(X[train], labels[train], logisticregression__sample_weight=weights[train])
        scores[judged] = model.predict_proba(X[judged])[:, 1]
    return scores


def balance(labels: np.ndarray, ward: np.ndarray) -> np.ndarray:
    """Return weights (N,): the same total for each scanner and label."""
    weights = np.empty(len(labels))
    for here in (ward, ~ward):
        for label in (0, 1):
            group = here & (labels == label)
            weights[group] = len(labels) / 4 / group.sum()
    return weights


def measures(scores: np.ndarray, cases: Cases, is_wrong: np.ndarray) -> dict[str, float]:
    """Return what the scores are worth, in all and on each scanner, and the wrong labels found."""
    y, ward = cases.labels, cases.columns["scanner"] == "ward"
    values = {"auc": roc_auc_score(y, scores)}
    for name, here in (("clinic", ~ward), ("ward", ward)):
        called = scores[here] > 0.5
        values[f"auc {name}"] = roc_auc_score(y[here], scores[here])
        values[f"false alarms {name}"] = called[y[here] == 0].mean()
        values[f"found {name}"] = called[y[here] == 1].mean()
    given = np.where(y == 1, scores, 1 - scores)
    surprise = np.bincount(cases.groups, given) / np.bincount(cases.groups)
    values["wrong labels"] = is_wrong[np.argsort(surprise)][:LOOKED_AT].sum()
    return {name: round(float(value), 4) for name, value in values.items()}


def run(seed: int) -> dict[str, Any]:
    cases, truth = received(seed)
    y, ward = cases.labels, cases.columns["scanner"] == "ward"
    covered = cases.images.copy()
    top, bottom, left, right = LETTER
    covered[:, top:bottom, left:right] = 0
    is_wrong = np.bincount(cases.groups, y != truth) > 0
    ones = np.ones(len(y))
    scores = {
        "plain": scores_of(joined(cases.images), y, cases.groups, ones),
        "covered": scores_of(joined(covered), y, cases.groups, ones),
        "balanced": scores_of(joined(covered), y, cases.groups, balance(y, ward)),
    }
    told = scores_of(joined(covered), ward.astype(int), cases.groups, ones)
    return {
        **{name: measures(values, cases, is_wrong) for name, values in scores.items()},
        "scanner alone": round(float(roc_auc_score(y, ward)), 4),
        "scanner told": round(float(roc_auc_score(ward, told)), 4),
        "patients": int(cases.groups.max()) + 1,
        "wrong labels": int(is_wrong.sum()),
    }


def check(runs: Runs) -> None:
    for one in runs:
        assert 11 <= one["wrong labels"] <= 14 < 230 < one["patients"] <= 243
        for name in ("plain", "covered", "balanced"):
            assert 0.7 < one[name]["auc"] < 0.95
            assert 0 < one[name]["wrong labels"] <= one["wrong labels"]
    # The shortcut: all together promise more than either place holds.
    assert runs.array("plain", "auc").mean() > runs.array("balanced", "auc").mean()
