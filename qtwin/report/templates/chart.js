// Charts: each spec is drawn at the width of its place, in the colours of the scheme, and again when either changes.
{
  const page = JSON.parse(document.getElementById("charts").textContent);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("aria-live", "polite");
  document.body.append(said);

  const recoloured = (value) =>
    typeof value === "string" ? page.dark[value] ?? value
    : Array.isArray(value) ? value.map(recoloured)
    : value && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === "datasets" ? v : recoloured(v)]))
    : value;

  const GAP = 22;
  const beside = ({ spec, columns, panel_px }, width) =>
    Math.max(1, Math.min(columns ?? spec.concat.length, Math.floor((width + GAP) / (panel_px + GAP))));

  // One chart takes the width; of a chart of panels, as many stand side by side as fit.
  const fitted = (chart, width, axis) => {
    const spec = structuredClone(chart.spec), narrow = width < 520;
    const { legend, header, axis: axes } = spec.config;
    if (narrow) Object.assign(legend, { columns: 1, labelLimit: width - 40 });
    axes.labelLimit = narrow ? 135 : Math.max(200, 0.36 * width);
    const panels = spec.concat ?? (spec.facet && [spec.spec]);
    if (!panels) return Object.assign(spec, { width, autosize: { type: "fit-x", contains: "padding" } });
    const side = spec.columns = beside(chart, width);
    const each = Math.max(60, Math.floor((width - GAP * (side - 1)) / side - axis));
    header.labelLimit = each + 20;
    panels.forEach((panel, place) => {
      panel.width = each;
      if (chart.rows_shared && place % side) {
        for (const { encoding } of [panel, ...(panel.layer ?? [])]) {
          if (encoding?.y && encoding.y.axis !== null) encoding.y.axis = { ...encoding.y.axis, labels: false, title: null };
        }
      }
    });
    return spec;
  };

  const draw = async (name, chart, place) => {
    const room = Math.floor(place.clientWidth) - 2, width = Math.max(room, chart.least_px);
    if (room < 40) return;
    chart.width = room;
    place.classList.toggle("shrunk", width > room);
    const options = {
      mode: "vega-lite", ast: true, renderer: "svg", defaultStyle: false, forceActionsMenu: true, tooltip: { disableDefaultStyle: true }, downloadFileName: name,
      actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
      i18n: { CLICK_TO_VIEW_ACTIONS: "Save this chart", SVG_ACTION: "SVG", PNG_ACTION: "PNG" },
    };
    const colours = (spec) => (scheme.matches ? recoloured(spec) : spec);
    chart.view?.finalize();
    chart.view = await vegaEmbed(place, colours(fitted(chart, width, 58)), options);
    const over = place.querySelector("svg.marks").getAttribute("width") - width;
    if ((chart.spec.concat || chart.spec.facet) && Math.abs(over) > 2) { // the axes take another width than thought
      chart.view.finalize();
      chart.view = await vegaEmbed(place, colours(fitted(chart, width, 58 + Math.ceil(over / beside(chart, width)))), options);
    }
    reachable(place);
  };

  // With the keyboard: arrows go from mark to mark and show what the pointer shows; Enter on a legend entry picks it.
  const reachable = (place) => {
    const svg = place.querySelector("svg.marks");
    svg.setAttribute("tabindex", "0");
    const at = (element, kind) => {
      const box = element.getBoundingClientRect();
      const where = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
      for (const type of kind) element.dispatchEvent(new (type.startsWith("pointer") ? PointerEvent : MouseEvent)(type, where));
    };
    const marks = [...svg.querySelectorAll(".role-mark:not([aria-hidden]) > *, .role-mark > path, .role-mark > rect")]
      .filter((mark) => mark.__data__?.tooltip);
    let now = -1;
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape" || !step || !marks.length || event.target !== svg) {
        if (event.key === "Escape") { if (now >= 0) at(marks[now], ["pointerout", "mouseout"]); hide(); }
        return;
      }
      event.preventDefault();
      if (now >= 0) at(marks[now], ["pointerout", "mouseout"]);
      now = (now + step + marks.length) % marks.length;
      marks[now].scrollIntoView({ block: "nearest" });
      at(marks[now], ["pointerover", "mouseover", "pointermove", "mousemove"]);
      said.textContent = Object.entries(marks[now].__data__.tooltip).map(([k, v]) => `${k} ${v}`).join(", ");
    });
    svg.addEventListener("blur", hide);
    for (const entry of svg.querySelectorAll(".role-legend-label text")) {
      entry.setAttribute("tabindex", "0");
      entry.setAttribute("role", "button");
      entry.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        at(entry, ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]);
      });
    }
  };
  const hide = () => document.getElementById("vg-tooltip-element")?.classList.remove("visible");

  // The numbers behind a chart as a table that sorts.
  const table = (figure) => {
    const details = figure.querySelector("details.numbers"), data = figure.querySelector("a[download]");
    details?.addEventListener("toggle", () => {
      if (details.querySelector("table")) return;
      const text = new TextDecoder().decode(Uint8Array.from(atob(data.href.split("base64,")[1]), (c) => c.charCodeAt(0)));
      const [head, ...rows] = parsed(text);
      const made = document.createElement("table"), most = 400;
      made.className = "sortable";
      const line = (cells, kind, where) => {
        const row = where.insertRow();
        for (const cell of cells) {
          const box = document.createElement(kind), number = cell !== "" && isFinite(cell);
          box.textContent = number ? String(+Number(cell).toPrecision(6)).replace("-", "−") : cell.replaceAll("_", " ");
          if (number) { box.dataset.v = cell; box.className = "n"; }
          row.append(box);
        }
      };
      line(head, "th", made.createTHead());
      const body = made.createTBody();
      rows.slice(0, most).forEach((row) => line(row, "td", body));
      const frame = document.createElement("div");
      frame.className = "scroll";
      frame.tabIndex = 0;
      frame.append(made);
      details.append(frame);
      if (rows.length > most) details.append(`The first ${most} of ${rows.length} rows; the file has all.`);
      sortable(made);
    });
  };
  const parsed = (text) => {
    const rows = [[]];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
      rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
      if (end === "\n") rows.push([]);
      if (end === "") break;
    }
    return rows.filter((row) => row.length > 1 || row[0]);
  };

  const all = async () => {
    for (const [name, chart] of Object.entries(page.specs)) {
      const place = document.querySelector(`#${CSS.escape(name)} .live`);
      if (!place) continue;
      place.closest("figure").classList.add("drawn");
      await draw(name, chart, place);
    }
    document.documentElement.classList.add("charts-drawn");
  };
  document.querySelectorAll("figure").forEach(table);
  let waiting = 0;
  const watch = new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      for (const [name, chart] of Object.entries(page.specs)) {
        const place = document.querySelector(`#${CSS.escape(name)} .live`);
        if (place?.clientWidth && !(Math.abs(place.clientWidth - 2 - chart.width) <= 4) && !matchMedia("print").matches) await draw(name, chart, place);
      }
    }, 150);
  });
  all().then(() => watch.observe(document.querySelector(".page")));
  scheme.addEventListener("change", all);
}
