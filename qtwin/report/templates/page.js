"use strict";
// Tables sort by the column whose heading is pressed; cells carry their value in data-v where the text is not sortable.
const sortable = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) button.append(head.firstChild);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const x = value(a), y = value(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = x - y || x.localeCompare(y, "en", { numeric: true });
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
};
document.documentElement.classList.add("script");
document.querySelectorAll("table.sortable").forEach(sortable);
// On a phone the long sections are closed until they are wanted: by a press, a key, or a link to what is in them. Print shows all.
if (matchMedia("(max-width: 40rem)").matches) {
  for (const section of document.querySelectorAll("section.long")) {
    const fold = document.createElement("details"), summary = document.createElement("summary"), head = section.querySelector("h2");
    fold.className = "fold";
    if (head) summary.append(head);
    fold.append(summary, ...section.childNodes);
    section.append(fold);
  }
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (const fold of [target?.closest("details.fold"), target?.querySelector(":scope > details.fold")]) if (fold) fold.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link?.hash && link.hash === location.hash) open();
  });
  if (location.hash) open();
  addEventListener("beforeprint", () => document.querySelectorAll("details.fold").forEach((fold) => { fold.open = true; }));
}
// A table that is wider than a phone stands as cards there: a row a card, every cell with its heading, no sideways scrolling.
const cards = () => {
  const narrow = matchMedia("(max-width: 40rem)").matches;
  for (const table of document.querySelectorAll(".scroll > table:not(.map)")) {
    table.classList.remove("stacked");
    if (!narrow || !table.tHead || table.offsetWidth <= table.parentElement.clientWidth + 1) continue;
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, column) => {
      cell.dataset.head = heads[column];
      cell.classList.toggle("absent", cell.textContent.trim() === "–");
    });
    table.classList.add("stacked");
  }
};
cards();
addEventListener("resize", cards);
document.addEventListener("toggle", cards, true);
