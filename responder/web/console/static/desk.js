// The front desk's script, on the pages with a list of things to do: keys, the place kept after an act, a sound, a notification.
const byId = (id) => document.getElementById(id);
const list = document.querySelector("[data-keys]");
const items = () => [...list.querySelectorAll("[data-item]")];
const isOn = (name, usual = "off") => (localStorage.getItem(name) ?? usual) === "on";

/* ---- keys: only while nothing else has the focus, and only as long as they are on ---- */
document.addEventListener("keydown", (event) => {
  const here = document.activeElement, isFree = here === document.body || here.id === "main" || list.contains(here);
  if (!isFree || !isOn("keys", "on") || event.ctrlKey || event.metaKey || event.altKey || here.matches("input, textarea, select")) return;
  const all = items(), at = all.findIndex((item) => item.contains(here));
  const acts = {
    j: () => go(all[Math.min(at + 1, all.length - 1)]),
    k: () => go(all[Math.max(at - 1, 0)]),
    r: () => all[at]?.querySelector("textarea")?.focus(),
    e: () => all[at]?.querySelector("[data-first]")?.focus(),
    "?": () => { const keys = document.querySelector(".keys"); keys.open = !keys.open; if (keys.open) keys.querySelector("summary").focus(); },
  };
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
});

function go(item) {
  item?.focus();
  item?.scrollIntoView({ block: "nearest" });
}

/* ---- after an act the page is where it was, and the next thing to do has the focus ---- */
document.addEventListener("submit", (event) => {
  if (event.target.matches(".hand")) { event.preventDefault(); take(event.target, event.submitter.value); return; }
  const at = items().indexOf(event.target.closest("[data-item]"));
  if (at >= 0) sessionStorage.setItem("place", JSON.stringify({ path: location.pathname, at, top: items()[at].getBoundingClientRect().top }));
});
const place = JSON.parse(sessionStorage.getItem("place"));
sessionStorage.removeItem("place");
if (place?.path === location.pathname && items().length) {
  const next = items()[Math.min(place.at, items().length - 1)];
  next.focus({ preventScroll: true });
  window.scrollBy(0, next.getBoundingClientRect().top - Math.max(place.top, 60));  // below what says that it is done
}

/* ---- who writes has it in hand, and a press keeps what was written ---- */
async function take(form, act) {
  await fetch(form.action, { method: "POST", body: new URLSearchParams({ act }), redirect: "manual" }).catch(() => null);
  document.dispatchEvent(new CustomEvent("stale"));
}
list.addEventListener("input", (event) => {
  const form = event.target.matches("textarea") && event.target.closest("[data-item]").querySelector("[data-free]");
  if (form) { delete form.dataset.free; take(form, "write"); }
});

/* ---- what is turned on by a press: keys, a sound and a notification when more waits ---- */
for (const button of document.querySelectorAll("[data-switch]")) {
  const name = button.dataset.switch, usual = name === "keys" ? "on" : "off";
  if (name === "notify" && !("Notification" in window && isSecureContext)) continue;
  button.hidden = false;
  button.setAttribute("aria-pressed", isOn(name, usual));
  button.addEventListener("click", async () => {
    let turnsOn = !isOn(name, usual);
    if (turnsOn && name === "notify") turnsOn = await Notification.requestPermission() === "granted";
    if (turnsOn && name === "sound") ring();
    localStorage.setItem(name, turnsOn ? "on" : "off");
    button.setAttribute("aria-pressed", turnsOn);
  });
}

let waiting = null, audio = null;
document.addEventListener("counts", (event) => {
  const count = event.detail.handoffs ?? 0, hasMore = waiting !== null && count > waiting;
  waiting = count;
  if (hasMore && isOn("sound")) ring();
  const notify = document.querySelector("[data-switch=notify]");
  if (hasMore && notify && isOn("notify") && Notification.permission === "granted" && (document.hidden || !document.hasFocus()))
    new Notification(notify.dataset.said.replace("#", count), { tag: "responder" });
});

function ring() {
  audio ??= new AudioContext();
  audio.resume();
  const tone = audio.createOscillator(), volume = audio.createGain(), now = audio.currentTime;
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.15, now);
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.5);
  tone.connect(volume).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.5);
}
