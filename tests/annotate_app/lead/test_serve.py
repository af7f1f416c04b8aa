import socket
from pathlib import Path

import pytest

from annotate_app.lead.gallery import Gallery
from annotate_app.lead.serve import serve
from perception20k.core.errors import UserError
from tests.annotate_app.datasets import write_dataset


def test_a_port_in_use_is_told_before_gradio_is_loaded(tmp_path: Path) -> None:
    gallery = Gallery(write_dataset(tmp_path / "dataset", 2))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}: Address already in use"):
            serve(gallery, port)
