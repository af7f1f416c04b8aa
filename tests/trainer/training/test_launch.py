"""The launch configurations are what accelerate reads."""

from __future__ import annotations

from importlib.resources import files

from accelerate.commands.config.config_args import load_config_from_file


def test_zero_3_with_offload_as_in_table_7() -> None:
    config = load_config_from_file(str(files("trainer.training") / "launch" / "zero3.yaml"))
    assert str(config.distributed_type).removeprefix("DistributedType.") == "DEEPSPEED"
    assert config.deepspeed_config["zero_stage"] == 3
    assert config.deepspeed_config["offload_optimizer_device"] == "cpu"
    assert (config.num_processes, config.mixed_precision) == (8, "bf16")


def test_plain_data_parallelism() -> None:
    config = load_config_from_file(str(files("trainer.training") / "launch" / "ddp.yaml"))
    assert str(config.distributed_type).removeprefix("DistributedType.") == "MULTI_GPU"


def test_fsdp_beside_zero_3() -> None:
    config = load_config_from_file(str(files("trainer.training") / "launch" / "fsdp.yaml"))
    assert str(config.distributed_type).removeprefix("DistributedType.") == "FSDP"
    assert config.fsdp_config["fsdp_version"] == 2
    assert config.fsdp_config["fsdp_state_dict_type"] == "FULL_STATE_DICT"  # checkpoints that any program loads
