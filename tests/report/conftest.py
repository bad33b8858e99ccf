import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def drawn():
    """The sample's figures, drawn once."""
    from sample import sample

    from qtwin.report import figures

    return figures.draw(sample())


@pytest.fixture(scope="session")
def written(tmp_path_factory, drawn):
    """The sample's page, written once: (result, path, text)."""
    from sample import sample

    from qtwin.report import figures, page

    result = sample()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw", lambda _: drawn)
        path = page.write(result, tmp_path_factory.mktemp("report"))
    return result, path, path.read_text(encoding="utf-8")
