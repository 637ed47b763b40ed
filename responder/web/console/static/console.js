// The console's one script: what moves by itself. Every page works without it.
const byId = (id) => document.getElementById(id);
const body = document.body;
const SILENCE_MS = 20000, LONGEST_PAUSE_MS = 60000;

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
  source.addEventListener("rows", (event) => { heard(event); tell("rows", JSON.parse(event.data)); });
  source.addEventListener("frame", (event) => { heard(event); takeFrame(JSON.parse(event.data)); });
  source.addEventListener("gap", () => tell("gap"));
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;  // the browser connects again by itself
    timer = setTimeout(again, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  });
}

function tell(name, detail) {  // the scripts of single pages
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

async function again() {
  const answer = await fetch("/events?probe=1", { method: "GET" }).catch(() => null);
  if (answer?.status === 401) location.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  else connect();
}

function heard(event) {
  newest = Math.max(newest, Number(event?.lastEventId ?? 0));
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
  tell("counts", told.counts);
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
  if ("answer" in document.body.dataset) return;  // it answers a press, and at its address there is no page
  if (refreshing) { isStale = true; return; }
  refreshing = true;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer && !answer.redirected && (answer.ok || answer.status === 503)) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) renew(part, fresh.getElementById(part.id));
  }
  refreshing = false;
  if (isStale) { isStale = false; setTimeout(refresh, 1000); } else finish();
}

document.addEventListener("stale", refresh);

function finish() {  // a part of the page that takes time is there in a moment
  if (document.querySelector("[data-unfinished]")) setTimeout(refresh, 1000);
}

function renew(part, fresh) {  // what is in use stays where it is on the screen
  if (!fresh) return;
  const focused = part.contains(document.activeElement) ? document.activeElement : null, top = focused?.getBoundingClientRect().top;
  const items = () => [...part.querySelectorAll("[data-item]")], at = items().findIndex((item) => item.contains(focused));
  patch(part, fresh);
  if (!focused) return;
  const place = focused.isConnected ? focused : at < 0 ? null : items()[Math.min(at, items().length - 1)];
  if (place && document.activeElement !== place) place.focus({ preventScroll: true });
  if (place) window.scrollBy(0, place.getBoundingClientRect().top - top);
}

function patch(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (isHeld(old)) { old = old.querySelector("[data-told]"); fresh = fresh.querySelector("[data-told]"); if (!old || !fresh) return; }
  if (old.nodeName !== fresh.nodeName) { old.replaceWith(fresh); return; }
  if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  if (old.matches("[data-own]")) return;  // the script writes here
  for (const gone of [...old.children]) if (gone.id && !fresh.querySelector(`#${CSS.escape(gone.id)}`) ) dismiss(gone);
  let at = old.firstChild;
  for (const one of [...fresh.childNodes]) {
    while (isHeld(at) && at.id !== one.id && !fresh.querySelector(`#${CSS.escape(at.id)}`)) at = at.nextSibling;
    const same = one.id ? [...old.children].find((child) => child.id === one.id) : at && !at.id && at.nodeName === one.nodeName ? at : null;
    if (!same) old.insertBefore(one, at);
    else {
      if (same === at) at = at.nextSibling; else old.insertBefore(same, at);
      patch(same, one);
    }
  }
  while (at) { const gone = at; at = at.nextSibling; if (!isHeld(gone)) gone.remove(); }
}

function dismiss(gone) {  // what somebody writes is left to them, and they are told
  const told = gone.querySelector("[data-told]");
  if (!isHeld(gone)) gone.remove(); else if (told) told.textContent = told.dataset.gone;
}

function isHeld(item) {  // somebody writes in it, or has chosen something
  return Boolean(item?.matches?.("[data-item]")) && [...item.querySelectorAll("input, textarea, select")].some((field) =>
    field === document.activeElement || (field.options ? ![...field.options].every((one) => one.selected === one.defaultSelected) : field.value !== field.defaultValue));
}

/* ---- forms: one press is one act ---- */
const pressed = new WeakSet();
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (pressed.has(event.target)) event.preventDefault();
  pressed.add(event.target);
});
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = byId(button.dataset.copy);
    await navigator.clipboard?.writeText(source.textContent).catch(() => null);
    getSelection().selectAllChildren(source);
    button.textContent = button.dataset.copied;
  });
}

finish();
connect();
