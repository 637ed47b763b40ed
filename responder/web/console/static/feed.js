// The feed's script: rows are put in by id as the stream tells them, behind a button while somebody reads.
const byId = (id) => document.getElementById(id);
const feed = byId("feed");
const POLITE_SCROLL = 40;

/* ---- rows of the feed, put in by id ---- */
const aside = new Map();
let hasGap = false;

function isBusy() {
  return window.scrollY > POLITE_SCROLL || feed.contains(document.activeElement);
}

function takeRows(rows) {
  for (const row of rows) {
    const there = byId(row.id);
    if (there) replace(there, row.html);
    else if (isBusy()) aside.set(row.id, row);
    else insert(row, true);
  }
  showAside();
  trim();
}

function takeGap() {  // more came than was told: what is there now has a hole
  if (isBusy()) hasGap = true;
  else if (feed.dataset.feed === "/events") feed.tBodies[0].replaceChildren();
  else location.reload();
}

function replace(row, html) {
  const holder = document.createElement("tr");
  holder.innerHTML = html;
  if (holder.innerHTML === row.innerHTML) return;
  const focused = row.contains(document.activeElement) ? [...row.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
  row.innerHTML = html;
  if (focused >= 0) row.querySelectorAll("a, button")[focused]?.focus({ preventScroll: true });
}

function insert(row, isFresh) {
  const lines = feed.tBodies[0], made = document.createElement("tr");
  made.id = row.id;
  made.dataset.seq = row.seq;
  made.innerHTML = row.html;
  if (isFresh) made.classList.add("fresh");
  const next = [...lines.rows].find((other) => Number(other.dataset.seq) < row.seq);
  if (!next && lines.rows.length >= Number(feed.dataset.most)) return;
  lines.insertBefore(made, next ?? null);
  byId("nothing")?.remove();
}

function showAside() {
  const button = byId("waiting"), known = Number(feed.tBodies[0].rows[0]?.dataset.seq ?? 0);
  for (const [id, row] of aside) if (row.seq < known && feed.tBodies[0].rows.length >= Number(feed.dataset.most)) aside.delete(id);
  button.hidden = aside.size === 0;
  if (aside.size) button.textContent = aside.size === 1 ? button.dataset.one : button.dataset.many.replace("#", aside.size);
}

function trim() {
  const lines = feed.tBodies[0];
  while (lines.rows.length > Number(feed.dataset.most) && !isBusy()) lines.deleteRow(-1);
}

byId("waiting")?.addEventListener("click", () => {
  if (hasGap) { location.reload(); return; }
  for (const row of aside.values()) insert(row, true);
  aside.clear();
  showAside();
  window.scrollTo({ top: 0, behavior: "instant" });
  trim();
});

document.addEventListener("rows", (event) => takeRows(event.detail));
document.addEventListener("gap", takeGap);
