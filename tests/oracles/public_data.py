"""Where public data lie that the project does not ship:
$QTWIN_SHARED_DATA, or ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

PUBLIC_DATA = Path(
    os.environ.get("QTWIN_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)
