// How long a text will be, told while somebody writes it.
const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENDED = new Set("\f^{}\\[~]|€");

function size(text) {
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

function tellSize(field) {
  const told = document.getElementById(field.dataset.size), { units, segments, most } = size(field.value.trim());
  told.textContent = units ? (segments === 1 ? told.dataset.one : told.dataset.many).replace("#", segments) + ` · ${units}/${most}` : "";
  told.classList.toggle("long", segments > Number(told.dataset.most));
}
document.addEventListener("input", (event) => { if (event.target.dataset.size) tellSize(event.target); });
document.querySelectorAll("textarea[data-size]").forEach(tellSize);
