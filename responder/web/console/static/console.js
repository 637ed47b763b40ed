// The console's one script: what moves by itself. Every page works without it.
const byId = (id) => document.getElementById(id);
const body = document.body;
const POLITE_SCROLL = 40, SILENCE_MS = 20000, LONGEST_PAUSE_MS = 60000;

/* ---- the stream: one a page, closed while the page is hidden ---- */
const feed = byId("feed");
const watched = document.querySelector("[data-watch]")?.dataset.watch ?? "";
const address = feed?.dataset.feed ?? (document.querySelector("nav") ? "/events?rows=none" : "");
let source = null, pause = 1000, timer = 0, heardAt = Date.now(), newest = Number(feed?.dataset.newest ?? 0);
let pulse = null;

function connect() {
  clearTimeout(timer);
  source?.close();
  if (!address || document.hidden) return;
  const from = feed && newest ? `${address.includes("?") ? "&" : "?"}after=${newest}` : "";
  source = new EventSource(address + from);
  source.addEventListener("open", heard);
  source.addEventListener("beat", heard);
  source.addEventListener("rows", (event) => { heard(); takeRows(JSON.parse(event.data)); });
  source.addEventListener("frame", (event) => { heard(); takeFrame(JSON.parse(event.data)); });
  source.addEventListener("reload", () => location.reload());
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;  // the browser connects again by itself
    timer = setTimeout(again, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  });
}

async function again() {
  const answer = await fetch("/events?probe=1", { method: "GET" }).catch(() => null);
  if (answer?.status === 401) location.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  else connect();
}

function heard() {
  heardAt = Date.now();
  pause = 1000;
  byId("lost").hidden = true;
}

setInterval(() => {
  if (!address || document.hidden || Date.now() - heardAt < SILENCE_MS) return;
  const lost = byId("lost");
  if (lost.hidden) { lost.textContent = body.dataset.lost; lost.hidden = false; }
}, 1000);

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { if (!watched.includes("title")) { source?.close(); source = null; } }
  else if (!source || source.readyState === EventSource.CLOSED) { heardAt = Date.now(); connect(); }
});

/* ---- rows of the feed, put in by id ---- */
const aside = new Map();

function isBusy() {
  return window.scrollY > POLITE_SCROLL || feed.contains(document.activeElement);
}

function takeRows(rows) {
  if (!feed) return;
  for (const row of rows) {
    newest = Math.max(newest, row.seq);
    const there = byId(row.id);
    if (there) replace(there, row.html);
    else if (isBusy()) aside.set(row.id, row);
    else insert(row, true);
  }
  showAside();
  trim();
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
  for (const row of aside.values()) insert(row, true);
  aside.clear();
  showAside();
  window.scrollTo({ top: 0 });
});

/* ---- counts, notices, and the parts of a page that change ---- */
function takeFrame(told) {
  for (const place of document.querySelectorAll("[data-count]")) {
    const count = told.counts[place.dataset.count];
    if (count === undefined) continue;
    (place.querySelector("b") ?? place).textContent = count.toLocaleString(document.documentElement.lang);
    if (place.classList.contains("count")) place.hidden = count === 0;
  }
  const open = told.counts.handoffs;
  if (watched.includes("title") && open !== undefined) document.title = (open ? `(${open}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  const before = pulse;
  pulse = told;
  if (!before) {  // what happened since the page was written and before the stream was open
    if (watched || told.notices.length !== document.querySelectorAll("#notices .alarm").length) refresh();
    return;
  }
  const hasNewNotices = JSON.stringify(before.notices) !== JSON.stringify(told.notices);
  const hasChanged = watched.split(" ").some((name) => before.pulse[name] !== told.pulse[name]);
  const hasNewCounts = watched && JSON.stringify(before.counts) !== JSON.stringify(told.counts);
  if (hasNewNotices || hasChanged || hasNewCounts) refresh();
}

let refreshing = false, isStale = false;

async function refresh() {
  if (refreshing) { isStale = true; return; }
  refreshing = true;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) swap(part, fresh.getElementById(part.id));
  }
  refreshing = false;
  if (isStale) { isStale = false; setTimeout(refresh, 1000); }
}

function swap(part, fresh) {
  if (!fresh || part.innerHTML === fresh.innerHTML) return;
  const focused = document.activeElement;
  if (part.contains(focused) && focused.matches("input, textarea, select")) { isStale = true; return; }
  const place = part.contains(focused) ? focused.id || focused.getAttribute("href") : null;
  part.replaceChildren(...fresh.childNodes);
  if (place) (byId(place) ?? part.querySelector(`[href="${CSS.escape(place)}"]`))?.focus({ preventScroll: true });
}

/* ---- forms: one press is one act, and how long a text will be ---- */
const pressed = new WeakSet();
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (pressed.has(event.target)) event.preventDefault();
  pressed.add(event.target);
});
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENDED = new Set("\f^{}\\[~]|€");

export function size(text) {
  const letters = [...text], isGsm = letters.every((c) => BASIC.has(c) || EXTENDED.has(c));
  const widths = letters.map((c) => isGsm ? 1 + EXTENDED.has(c) : c.length);
  const [one, each] = isGsm ? [160, 153] : [70, 67];
  const units = widths.reduce((sum, width) => sum + width, 0);
  if (units <= one) return { units, segments: 1, most: one };
  let segments = 1, filled = 0;
  for (const width of widths) {
    if (filled + width > each) { segments += 1; filled = 0; }
    filled += width;
  }
  return { units, segments, most: segments * each };
}

for (const field of document.querySelectorAll("textarea[data-size]")) {
  const told = byId(field.dataset.size);
  const tell = () => {
    const { units, segments, most } = size(field.value.trim());
    told.textContent = (segments === 1 ? told.dataset.one : told.dataset.many).replace("#", segments) + ` · ${units}/${most}`;
    told.classList.toggle("long", segments > Number(told.dataset.most));
  };
  field.addEventListener("input", tell);
  tell();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = byId(button.dataset.copy);
    await navigator.clipboard?.writeText(source.textContent).catch(() => null);
    getSelection().selectAllChildren(source);
    button.textContent = button.dataset.copied;
  });
}

/* ---- keys of a list of things to do: only while the focus is in it, so that no other program's keys are taken ---- */
document.addEventListener("keydown", (event) => {
  const list = document.activeElement.closest?.("[data-keys]");
  if (!list || event.ctrlKey || event.metaKey || event.altKey || document.activeElement.matches("input, textarea, select")) return;
  const items = [...list.querySelectorAll(list.dataset.keys)];
  const at = items.findIndex((item) => item.contains(document.activeElement));
  const acts = {
    j: () => items[Math.min(at + 1, items.length - 1)]?.focus(),
    k: () => items[Math.max(at - 1, 0)]?.focus(),
    r: () => items[at]?.querySelector("textarea")?.focus(),
    e: () => items[at]?.querySelector("button.main")?.focus(),
  };
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
});

connect();
