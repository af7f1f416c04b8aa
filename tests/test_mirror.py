"""The tests mirror the code: every module has a test file of its own, or is listed with the one that covers it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("annotate_app", "distortions", "perception20k", "trainer")
COVERED = {
    "annotate_app/annotate/event_writer.py": "annotate_app/annotate/test_service.py",
    "annotate_app/lead/tabs.py": "annotate_app/lead/test_mount.py",
    "annotate_app/review/service.py": "annotate_app/web/test_server.py",
    "annotate_app/review/session.py": "annotate_app/review/test_sessions.py",
    "distortions/notes.py": "distortions/test_severity.py",
    "perception20k/cli/fetch.py": "perception20k/cli/test_publish.py",
    "perception20k/cli/build.py": "perception20k/pipeline/test_build.py",
    "perception20k/cli/export.py": "test_earlier_datasets.py",
    "perception20k/cli/options.py": "perception20k/pipeline/test_verify.py",
    "perception20k/cli/rebuild.py": "perception20k/pipeline/test_rebuild.py",
    "perception20k/cli/stats.py": "perception20k/test_cli.py",
    "perception20k/config_sections.py": "perception20k/test_config.py",
    "perception20k/pipeline/chain.py": "perception20k/pipeline/test_curation.py",
    "perception20k/publish/croissant.py": "perception20k/publish/test_export.py",
    "trainer/cli/compare.py": "trainer/evaluation/test_compare.py",
    "trainer/cli/curves.py": "trainer/training/test_curves.py",
    "trainer/cli/evaluate.py": "trainer/evaluation/test_run.py",
    "trainer/cli/merge.py": "trainer/training/test_merge.py",
    "trainer/cli/options.py": "trainer/evaluation/test_run.py",
    "trainer/cli/score.py": "trainer/evaluation/test_score.py",
    "trainer/cli/train.py": "trainer/training/test_train.py",
    "trainer/data/degradation.py": "trainer/data/test_rows.py",
    "trainer/data/shards.py": "trainer/data/test_rows.py",
    "trainer/evaluation/measures.py": "trainer/evaluation/test_degradation.py",
    "trainer/evaluation/predictors.py": "trainer/evaluation/test_run.py",
    "trainer/evaluation/published.py": "trainer/evaluation/test_compare.py",
    "trainer/evaluation/suites.py": "trainer/evaluation/test_predict.py",
    "trainer/training/rewards/of_rollouts.py": "trainer/training/rewards/test_description.py",
    "trainer/training/checkpoints.py": "trainer/training/test_train.py",
    "trainer/training/recipe_keys.py": "trainer/training/test_recipe.py",
    "trainer/training/model_card.py": "trainer/training/test_merge.py",
    "trainer/training/run_directory.py": "trainer/training/test_train.py",
}
"""Modules that are only seen at work, such as the body of a command, with the test file that sees them."""

MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.stem not in ("__init__", "__main__")
)


def own_test(module: Path) -> Path:
    return ROOT / "tests" / module.parent / f"test_{module.stem}.py"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_its_test_file_or_is_listed_with_one(module: Path) -> None:
    covered = COVERED.get(module.as_posix())
    assert own_test(module).is_file() != bool(covered), "one of the two: a test file of its own, or a line above"
    assert covered is None or (ROOT / "tests" / covered).is_file()


def test_the_list_names_modules_that_exist() -> None:
    assert set(COVERED) <= {module.as_posix() for module in MODULES}
