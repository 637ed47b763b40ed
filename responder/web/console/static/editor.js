// The rules as text: numbers of lines, what check says while one types, words on Ctrl+Space, and patterns of rules.
const byId = (id) => document.getElementById(id);
const box = byId("rules"), gutter = byId("gutter"), form = byId("edit"), list = byId("words"), problems = byId("problems");
const QUIET_MS = 600, MOST_OFFERED = 12, INDENT = "  ";
const words = JSON.parse(box.dataset.words);
let kept = box.value, timer = 0, keeping = null, isOvertaken = false, marks = new Map(), mayLeave = false;

/* ---- the gutter ---- */
function number() {
  const count = box.value.split("\n").length;
  const rows = [];
  for (let line = 1; line <= count; line += 1) {
    const row = document.createElement("span");
    row.textContent = line;
    if (marks.has(line)) row.className = marks.get(line);
    rows.push(row);
  }
  gutter.replaceChildren(...rows);
  gutter.scrollTop = box.scrollTop;
}
box.addEventListener("scroll", () => { gutter.scrollTop = box.scrollTop; });

function mark(found) {
  marks = new Map();
  for (const one of found) if (marks.get(one.line) !== "error") marks.set(one.line, one.level);
  number();
}

function jump(line) {
  const lines = box.value.split("\n"), begin = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  box.focus();
  box.setSelectionRange(begin, begin + (lines[line - 1] ?? "").length);
  const height = box.scrollHeight / lines.length;
  box.scrollTop = Math.max(0, (line - 5) * height);
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-jump]");
  if (link) { event.preventDefault(); jump(Number(link.dataset.jump)); }
});

/* ---- what check says, a moment after the last key ---- */
function typed() {
  number();
  clearTimeout(timer);
  timer = setTimeout(check, QUIET_MS);
}

function check() { keeping ??= keep().finally(() => { keeping = null; }); }  // one at a time: each says what it has seen

async function keep() {
  const text = box.value, seen = form.elements.seen, base = form.elements.based_on;
  const body = new URLSearchParams({ rules: text, seen: seen.value, based_on: base.value });
  const answer = isOvertaken ? null : await fetch("/rules/edit/draft", { method: "POST", body }).catch(() => null);
  if (answer?.status === 409) {
    isOvertaken = true;
    byId("other-window").textContent = (await answer.json()).sentence;
    byId("other-window").hidden = false;
  }
  if (!answer?.ok) return;
  const told = await answer.json();
  [kept, seen.value, base.value] = [text, told.seen, told.based_on];
  tell(text);
}

let isTelling = false, isStale = false;

async function tell(text) {  // one check at a time, and only of the newest text
  if (isTelling) { isStale = true; return; }
  isTelling = true;
  const answer = await fetch("/rules/edit/problems").catch(() => null);
  if (answer?.ok && box.value === text) show((await answer.json()).problems);
  isTelling = false;
  if (isStale) { isStale = false; tell(box.value); }
}

function show(found) {
  const items = found.map((one) => {
    const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("span");
    item.className = one.level;
    link.href = "#rules";
    link.dataset.jump = one.line;
    link.textContent = `${problems.dataset.line} ${one.line}:${one.column}`;
    text.lang = "en";
    text.textContent = one.text;
    item.append(link, " ");
    if (one.level === "warning") {
      const badge = document.createElement("span");
      badge.className = "status warning";
      badge.textContent = problems.dataset.warning;
      item.append(badge, " ");
    }
    item.append(text);
    return item;
  });
  if (!items.length) {
    const none = document.createElement("li");
    none.className = "faint";
    none.textContent = problems.dataset.none;
    items.push(none);
  }
  problems.replaceChildren(...items);
  mark(found);
  const hasErrors = found.some((one) => one.level === "error"), save = byId("save"), why = byId("save-why");
  if (save) save.disabled = hasErrors;
  why.textContent = hasErrors ? why.dataset.errors : "";
  byId("despite-line").hidden = !found.some((one) => one.level === "warning");
}

box.addEventListener("input", typed);

/* ---- leaving ---- */
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  sessionStorage.setItem("place", JSON.stringify([box.scrollTop, box.selectionStart, box.selectionEnd]));
  mayLeave = true;
  if (!keeping) return;
  event.preventDefault();  // what is on its way is kept first, or it would look like another window's
  event.stopPropagation();
  keeping.then(() => form.requestSubmit(event.submitter));
});
window.addEventListener("beforeunload", (event) => {
  if (!mayLeave && box.value !== kept) event.preventDefault();
});

/* ---- keys ---- */
let tabLeaves = false;
box.addEventListener("keydown", (event) => {
  if (!list.hidden && keysOfList(event)) return;
  if (event.key === "Escape") { tabLeaves = true; return; }
  if (event.key === " " && event.ctrlKey) { event.preventDefault(); offer(); return; }
  if (event.key === "Tab" && !tabLeaves && !event.ctrlKey && !event.altKey) { event.preventDefault(); indent(event.shiftKey); return; }
  if (event.key === "Enter" && !event.ctrlKey) { event.preventDefault(); newLine(); }
  if (!["Tab", "Shift"].includes(event.key)) tabLeaves = false;
});
box.addEventListener("blur", () => { tabLeaves = false; setTimeout(close, 200); });

function insert(text) { document.execCommand("insertText", false, text); }  // so that undo knows it

function indent(isBack) {
  const begin = box.value.lastIndexOf("\n", box.selectionStart - 1) + 1;
  if (box.selectionStart === box.selectionEnd && !isBack) { insert(INDENT); return; }
  const end = box.selectionEnd, chosen = box.value.slice(begin, end);
  const changed = chosen.split("\n").map((line) => isBack ? line.replace(/^ {1,2}/, "") : line && INDENT + line).join("\n");
  if (changed === chosen) return;
  box.setSelectionRange(begin, end);
  insert(changed);
  box.setSelectionRange(begin, begin + changed.length);
}

function newLine() {
  const before = box.value.slice(box.value.lastIndexOf("\n", box.selectionStart - 1) + 1, box.selectionStart);
  insert("\n" + /^ */.exec(before)[0] + (/:\s*$/.test(before) ? INDENT : ""));
}

/* ---- words on Ctrl+Space ---- */
let begun = "", at = 0;

function offer() {
  begun = /[\w-]*$/.exec(box.value.slice(0, box.selectionStart))[0];
  const found = words.filter((word) => word.startsWith(begun) && word !== begun).slice(0, MOST_OFFERED);
  if (!found.length) { close(); return; }
  list.replaceChildren(...found.map((word, place) => {
    const item = document.createElement("li");
    item.id = `word-${place}`;
    item.role = "option";
    item.textContent = word;
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(word); });
    return item;
  }));
  list.hidden = false;
  choose(0);
}

function choose(place) {
  at = (place + list.children.length) % list.children.length;
  [...list.children].forEach((item, other) => item.setAttribute("aria-selected", String(other === at)));
  box.setAttribute("aria-activedescendant", `word-${at}`);
}

function close() {
  list.hidden = true;
  box.removeAttribute("aria-activedescendant");
}

function take(word) {
  close();
  insert(word.slice(begun.length));
}

function keysOfList(event) {
  const acts = {
    ArrowDown: () => choose(at + 1),
    ArrowUp: () => choose(at - 1),
    Enter: () => take(list.children[at].textContent),
    Tab: () => take(list.children[at].textContent),
    Escape: close,
  };
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); return true; }
  close();
  return false;
}

/* ---- patterns of rules ---- */
for (const button of document.querySelectorAll("[data-snippet]")) {
  button.addEventListener("click", () => {
    const place = endOfRules(), text = button.dataset.snippet.replace(/^ {2}/gm, indentOfRules());
    box.focus();
    box.setSelectionRange(place, place);
    const lead = place && box.value[place - 1] !== "\n" ? "\n" : "";
    insert(lead + text.replace(/[«»]/g, ""));
    button.closest("details").open = false;
    const begin = place + lead.length + text.indexOf("«"), length = text.indexOf("»") - text.indexOf("«") - 1;
    box.setSelectionRange(begin, begin + length);
    jump(box.value.slice(0, begin).split("\n").length);
    box.setSelectionRange(begin, begin + length);
  });
}

function endOfRules() {
  const head = /^rules:.*$/m.exec(box.value);
  if (!head) return box.value.length;
  const after = head.index + head[0].length + 1, next = /^[^\s#-]/m.exec(box.value.slice(after));
  let end = next ? after + next.index : box.value.length;
  for (let begin = end; begin >= after; end = begin) {  // a comment before the next part is of that part
    begin = box.value.lastIndexOf("\n", end - 2) + 1;
    if (!/^(#.*)?\s*$/.test(box.value.slice(begin, end))) break;
  }
  return end;
}

function indentOfRules() { return /^rules:.*\n(?:\s*(?:#.*)?\n)*( *)-/m.exec(box.value)?.[1] ?? INDENT; }

/* ---- an impact that runs ---- */
const running = document.querySelector("[data-running]");
async function follow() {
  const answer = await fetch(running.dataset.running).catch(() => null), told = answer?.ok ? await answer.json() : null;
  if (told?.total) {
    Object.assign(byId("so-far"), { max: told.total, value: told.done });
    byId("so-far-told").textContent = `${told.done.toLocaleString()} / ${told.total.toLocaleString()}`;
  }
  if (told && !told.is_running) {
    const page = await fetch("/rules/edit?step=impact").catch(() => null);
    const fresh = page?.ok && new DOMParser().parseFromString(await page.text(), "text/html").getElementById("impact");
    if (fresh) running.replaceChildren(...fresh.childNodes);
  } else setTimeout(follow, 1000);
}
if (running) setTimeout(follow, 1000);

mark([...problems.querySelectorAll("li")].flatMap((item) => {
  const link = item.querySelector("[data-jump]");
  return link ? [{ line: Number(link.dataset.jump), level: item.className }] : [];
}));
const place = JSON.parse(sessionStorage.getItem("place"));  // where one was when a button was pressed
sessionStorage.removeItem("place");
if (box.dataset.line) jump(Number(box.dataset.line));
else if (place) {
  box.setSelectionRange(place[1], place[2]);
  box.scrollTop = place[0];
}
if (problems.dataset.pending !== undefined) check();
