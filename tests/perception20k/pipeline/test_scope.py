from perception20k.pipeline.scope import STAGES, BuildScope


def test_a_run_runs_every_stage_unless_it_is_told_less() -> None:
    assert all(BuildScope().includes(stage) for stage in STAGES)
    assert [stage for stage in STAGES if BuildScope(only="score").includes(stage)] == ["score"]
    assert not any(BuildScope(dry_run=True).includes(stage) for stage in STAGES)
