"""Altair charts in the notebooks of the documentation: data and specification in the page, drawn by
the site's own script.
"""

import json
import uuid

import altair


def _offline(spec: dict, **_: object) -> dict[str, str]:
    name = f"chart-{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(spec, sort_keys=True))}"
    inline = json.dumps(spec).replace("</", "<\\/")
    script = f'<script type="module">drawChart("{name}", {inline});</script>'
    return {"text/html": f'<div class="chart" id="{name}"></div>\n{script}'}


altair.renderers.register("offline", _offline)
altair.renderers.enable("offline")


def _figure(figure: object) -> str:
    return _offline(figure.plot().to_dict())["text/html"]


formatters = get_ipython().display_formatter.formatters  # noqa: F821
formatters["text/html"].for_type_by_name("qtwin.report.chart", "Figure", _figure)
