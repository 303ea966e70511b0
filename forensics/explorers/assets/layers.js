// Layers of one part of a picture: blended, swiped or side by side, with linked zoom and pan.
// Text from outside is only ever set as textContent or as an attribute. Nothing is asked from any address.
//
// Pixels are counted from the corner of the part; what is told, asked and marked is on the picture (plus `origin`).

const MODES = [["blend", "Blend"], ["swipe", "Swipe"], ["side by side", "Side by side"]];
const ZOOMS = [1, 2, 4, 8];
const EDGES = ["Left", "Top", "Right", "Bottom"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAGES = { PageUp: [0, -0.5], PageDown: [0, 0.5], Home: [-0.5, 0], End: [0.5, 0] };
const BIG_STEP = 16; // pixels, two blocks of JPEG
const KEYS = [
  ["Arrows", "move the cross-hair by a pixel, and the view with it; with Ctrl or Alt by 16"],
  ["Shift + arrows, Shift + drag", "mark a region"],
  ["Escape", "clear the region"],
  ["+ and −, wheel", "zoom; the wheel does so once the picture was clicked, or with Ctrl"],
  ["Page Up, Page Down, Home, End", "pan by half of the view"],
];
let views = 0; // names of radio groups differ between views

const clamp = (v, low, high) => Math.min(Math.max(v, low), Math.max(low, high));

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function choice(title, name, options, chosen) {
  const group = make("fieldset", { class: "fx-choice" }, make("legend", {}, title));
  const inputs = options.map(([value, words]) => {
    const input = make("input", { type: "radio", name, value });
    input.addEventListener("change", () => chosen(value));
    group.append(make("label", {}, input, make("span", {}, words)));
    return input;
  });
  return { group, set: (value) => inputs.forEach((i) => { i.checked = i.value === String(value); }) };
}

function render({ model, el }) {
  const id = `fx-layers-${(views += 1)}`;
  let layers = []; // { name, alt, note, surface, exact: rectangles that are lossless }
  let loading = 0; // number of the last set of layers
  let cursor = null; // pixel of the cross-hair
  let anchor = null; // pixel where a region began
  let draft = null; // region while it is being drawn, [left, top, right, bottom] in pixels of the part
  let drag = null;
  let marking = false;
  let wheel = 0;
  let asked = null; // pixel on its way to Python
  let next = null; // pixel to ask for afterwards
  const timers = {};

  // ---------------------------------------------------------------- controls

  const mode = choice("Mode", `${id}-mode`, MODES, (v) => put({ mode: v }));
  const zoom = choice("Zoom", `${id}-zoom`, ZOOMS.map((z) => [z, z === 1 ? "1 : 1" : `${z} ×`]), (v) => zoomTo(v));
  const picks = ["first", "second"].map((which) => {
    const select = make("select");
    select.addEventListener("change", () => put({ [which]: Number(select.value) }));
    return select;
  });
  const shareWords = make("span");
  const shareValue = make("output");
  const shareInput = make("input", { type: "range", min: 0, max: 100, step: 1 });
  const share = make("label", { class: "fx-field fx-share" }, shareWords, shareInput, shareValue);
  shareInput.addEventListener("input", () => put({ share: Number(shareInput.value) / 100 }));
  const markButton = make("button", { type: "button", "aria-pressed": "false" }, "Mark a region");
  markButton.addEventListener("click", () => { setMarking(!marking); if (marking) panes[0].box.focus(); });

  const bar = make("div", { class: "fx-bar" },
    mode.group,
    make("label", { class: "fx-field" }, make("span", {}, "First"), picks[0]),
    make("label", { class: "fx-field" }, make("span", {}, "Second"), picks[1]),
    zoom.group, markButton, share);

  // ---------------------------------------------------------------- panes

  const panes = [0, 1].map((k) => {
    const canvas = make("canvas", { role: "img" });
    const tags = ["fx-tag", "fx-tag fx-right"].slice(0, 2 - k).map((name) => make("span", { class: name }));
    const handle = make("div", { class: "fx-handle", "aria-hidden": "true" });
    const box = make("div", {
      class: "fx-pane", tabindex: 0, role: "application", "aria-roledescription": "picture viewport",
      "aria-label": k ? "Second layer" : "Layers", "aria-describedby": `${id}-keys`,
    }, canvas, ...tags);
    if (k === 0) box.append(handle);
    box.addEventListener("pointerdown", (e) => pressed(e, k));
    box.addEventListener("pointermove", (e) => moved(e, k));
    box.addEventListener("pointerup", () => released(true));
    box.addEventListener("pointercancel", () => released(false));
    box.addEventListener("wheel", (e) => wheeled(e, k), { passive: false });
    box.addEventListener("keydown", typed);
    box.addEventListener("focus", () => { if (!cursor && layers.length) moveCursor(middle()); });
    return { box, canvas, tags, handle };
  });
  const stage = make("div", { class: "fx-stage" }, ...panes.map((p) => p.box));

  // ---------------------------------------------------------------- what is read, and the region

  const place = make("span", { class: "fx-place" });
  const told = make("span", { class: "fx-told" });
  const readout = make("p", { class: "fx-readout", "aria-live": "off", "aria-label": "Pixel under the cross-hair" }, place, told);
  const edges = EDGES.map((words) => {
    const input = make("input", { type: "number", step: 1, inputmode: "numeric" });
    input.addEventListener("change", edgesTyped);
    input.addEventListener("keydown", (e) => { if (e.key === "Enter") edgesTyped(); }); // outside of a form no change follows
    return { input, label: make("label", { class: "fx-field" }, make("span", {}, words), input) };
  });
  const clear = make("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => mark(null));
  const problem = make("p", { class: "fx-problem", role: "status" });
  const region = make("fieldset", { class: "fx-region" }, make("legend", {}, "Region"), ...edges.map((e) => e.label), clear);
  const keys = make("details", { class: "fx-keys" }, make("summary", {}, "Keys"),
    make("dl", { id: `${id}-keys` }, ...KEYS.flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, v)])));

  const root = make("div", { class: "fx-layers" }, bar, stage, readout, region, problem, keys);
  root.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    if (drag?.kind === "mark") drag = null;
    setMarking(false);
    mark(null);
  });
  el.append(root);

  /** JupyterLab's keys of command mode ("b" adds a cell) do not act on what this attribute is on; those with Ctrl do. */
  function keepKeys(event) {
    if (!root.contains(event.target)) return;
    const ours = !(event.ctrlKey || event.metaKey) || event.key in ARROWS;
    event.target.toggleAttribute("data-lm-suppress-shortcuts", ours);
  }
  window.addEventListener("keydown", keepKeys, true); // before JupyterLab's listener, which sits on the document

  // ---------------------------------------------------------------- state

  /** Set traits at once here, and a little later in the kernel. */
  function put(values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    later("save", 120, () => model.save_changes());
  }

  function later(name, delay, action) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(() => { delete timers[name]; action(); }, delay);
  }

  const shown = () => [model.get("first"), model.get("second")];
  const beside = () => model.get("mode") === "side by side";
  const scale = () => model.get("zoom");
  const size = () => model.get("size");

  /** Width and height of a pane in pixels of the screen. */
  const viewport = () => [panes[0].canvas.clientWidth || 1, panes[0].canvas.clientHeight || 1];

  /** Left and top of the view in pixels of the part, on whole pixels of the screen; negative where the part is smaller. */
  function corner(offset = model.get("offset")) {
    return viewport().map((length, k) => {
      const spare = size()[k] - length / scale();
      return Math.round((spare < 0 ? spare / 2 : clamp(offset[k], 0, spare)) * scale()) / scale();
    });
  }

  function pan(offset) {
    put({ offset: corner(offset).map((v) => Math.max(0, v)) });
  }

  function zoomTo(value, at = cursor && inView(cursor) ? toScreen([cursor[0] + 0.5, cursor[1] + 0.5]) : viewport().map((v) => v / 2)) {
    const fixed = toPart(at);
    put({ zoom: value });
    pan(fixed.map((v, k) => v - at[k] / value));
  }

  const toPart = (at) => corner().map((v, k) => v + at[k] / scale());
  const toScreen = (pixel) => corner().map((v, k) => (pixel[k] - v) * scale());
  const inside = (pixel) => pixel.map((v, k) => clamp(Math.floor(v), 0, size()[k] - 1));
  const middle = () => inside(toPart(viewport().map((v) => v / 2)));
  const inView = (pixel) => toScreen(pixel).every((v, k) => v >= 0 && v < viewport()[k]);

  /** What can be seen, [left, top, right, bottom] in whole pixels of the part. */
  function seen() {
    const [x, y] = corner();
    const [w, h] = viewport().map((v) => v / scale());
    const [width, height] = size();
    return [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y)), Math.min(width, Math.ceil(x + w)), Math.min(height, Math.ceil(y + h))];
  }

  const onPicture = (box) => box.map((v, k) => v + model.get("origin")[k % 2]);
  const onPart = (box) => box.map((v, k) => v - model.get("origin")[k % 2]);
  const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]) + 1, Math.max(a[1], b[1]) + 1];

  // ---------------------------------------------------------------- region

  function mark(box) {
    if (box === null) anchor = null;
    draft = null;
    say("");
    put({ region: box && onPicture(box) });
  }

  function setMarking(on) {
    marking = on;
    anchor = null;
    markButton.setAttribute("aria-pressed", String(on));
    root.classList.toggle("fx-marking", on);
  }

  function edgesTyped() {
    const values = edges.map((e) => e.input.value.trim());
    if (values.every((v) => v === "")) return mark(null);
    if (values.some((v) => v === "")) return say("Fill in all four edges.");
    const [left, top, right, bottom] = values.map(Number);
    const [x, y, u, v] = onPicture([0, 0, ...size()]);
    if (![left, top, right, bottom].every(Number.isInteger) || left < x || top < y || right > u || bottom > v || left >= right || top >= bottom) {
      return say(`Not within the part shown: give left < right from ${x} to ${u}, and top < bottom from ${y} to ${v}.`);
    }
    return mark(onPart([left, top, right, bottom]));
  }

  function say(words) {
    problem.textContent = words;
    for (const e of edges) e.input.setAttribute("aria-invalid", String(words !== ""));
  }

  // ---------------------------------------------------------------- pixels on demand

  function moveCursor(pixel) {
    cursor = pixel;
    const [x, y] = onPicture(pixel);
    place.textContent = `x ${x}, y ${y}`;
    ask([x, y]);
    draw();
  }

  function ask(pixel) {
    if (asked) {
      next = pixel;
      return;
    }
    asked = pixel;
    next = null;
    model.send({ ask: pixel });
    later("ask", 4000, () => { told.textContent = "The kernel has not answered."; answered(); });
  }

  function answered() {
    clearTimeout(timers.ask);
    asked = null;
    if (next) ask(next);
  }

  function askExact() {
    const wanted = seen();
    const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
    if (wanted[0] >= wanted[2] || wanted[1] >= wanted[3] || shown().every((k) => isExact(k, wanted))) return;
    const [width, height] = size();
    for (const more of [64, 16, 0]) {
      const box = [Math.max(0, wanted[0] - more), Math.max(0, wanted[1] - more), Math.min(width, wanted[2] + more), Math.min(height, wanted[3] + more)];
      if (area(box) > model.get("exact_area")) continue;
      model.save_changes(); // so that Python knows which layers are meant
      model.send({ exact: onPicture(box) });
      return;
    }
  }

  const covers = (a, b) => a[0] <= b[0] && a[1] <= b[1] && a[2] >= b[2] && a[3] >= b[3];
  const isExact = (k, box) => !layers[k] || layers[k].exact.some((e) => covers(e, box));

  async function received(message, buffers) {
    if (message.answer) {
      if (asked && message.answer.every((v, k) => v === asked[k])) {
        told.textContent = message.text;
        answered();
      }
    } else if (message.exact) {
      const set = loading;
      const box = onPart(message.exact);
      const parts = await Promise.all(buffers.map((b) => decoded(b, "image/webp")));
      if (set !== loading) return;
      message.layers.forEach((k, i) => {
        layers[k]?.surface.getContext("2d").drawImage(parts[i], box[0], box[1]);
        layers[k]?.exact.push(box);
      });
      draw();
    }
  }

  // ---------------------------------------------------------------- pointer

  const at = (event, k) => {
    const box = panes[k].canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function pressed(event, k) {
    if (event.button !== 0) return;
    const screen = at(event, k);
    panes[k].box.focus({ preventScroll: true });
    panes[k].box.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (event.target === panes[k].handle) drag = { kind: "swipe" };
    else if (event.shiftKey || marking) drag = { kind: "mark", from: inside(toPart(screen)) };
    else drag = { kind: "pan", screen, offset: corner() };
    root.classList.toggle("fx-dragging", drag.kind === "pan");
    moved(event, k);
  }

  function moved(event, k) {
    const screen = at(event, k);
    readout.setAttribute("aria-live", "off");
    if (drag?.kind === "swipe") return put({ share: clamp(screen[0] / viewport()[0], 0, 1) });
    if (drag?.kind === "pan") return pan(drag.offset.map((v, i) => v - (screen[i] - drag.screen[i]) / scale()));
    const pixel = inside(toPart(screen));
    if (drag?.kind === "mark") draft = between(drag.from, pixel);
    if (!cursor || pixel[0] !== cursor[0] || pixel[1] !== cursor[1]) moveCursor(pixel);
    return undefined;
  }

  function released(done) {
    if (drag?.kind === "mark") {
      if (done && draft) mark(draft);
      draft = null;
      setMarking(false);
    }
    drag = null;
    root.classList.remove("fx-dragging");
    draw();
  }

  function wheeled(event, k) {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== panes[k].box) return; // the page scrolls
    const step = ZOOMS.indexOf(scale());
    wheel += event.deltaMode === 1 ? event.deltaY * 40 : event.deltaY;
    const to = ZOOMS[step - Math.sign(wheel)];
    if (to === undefined && !event.ctrlKey) {
      wheel = 0;
      return;
    }
    event.preventDefault();
    if (Math.abs(wheel) < 60) return;
    wheel = 0;
    if (to !== undefined) zoomTo(to, at(event, k));
  }

  // ---------------------------------------------------------------- keys

  function typed(event) {
    const arrow = ARROWS[event.key];
    const page = PAGES[event.key];
    if (arrow) {
      readout.setAttribute("aria-live", "polite");
      const from = cursor && inView(cursor) ? cursor : middle();
      const step = event.ctrlKey || event.altKey || event.metaKey ? BIG_STEP : 1;
      const to = inside(from.map((v, k) => v + arrow[k] * step));
      anchor = event.shiftKey || marking ? anchor ?? from : null;
      // The view follows, so that a quarter of it stays around the cross-hair.
      const room = viewport().map((v) => v / scale());
      pan(corner().map((v, k) => clamp(v, to[k] + 1 - 0.75 * room[k], to[k] - 0.25 * room[k])));
      moveCursor(to);
      if (anchor) mark(between(anchor, to));
    } else if (page) {
      pan(corner().map((v, k) => v + (page[k] * viewport()[k]) / scale()));
    } else if (["+", "=", "-", "−"].includes(event.key) && !event.ctrlKey && !event.metaKey) {
      zoomTo(ZOOMS[clamp(ZOOMS.indexOf(scale()) + ("+=".includes(event.key) ? 1 : -1), 0, ZOOMS.length - 1)]);
    } else return;
    event.preventDefault();
  }

  // ---------------------------------------------------------------- drawing

  function draw() {
    later("exact", 150, askExact);
    if (!timers.draw) timers.draw = requestAnimationFrame(() => { delete timers.draw; paint(); });
  }

  function paint() {
    if (!layers.length || !root.isConnected) return;
    const [first, second] = shown();
    const [width] = viewport();
    const amount = model.get("share");
    const swipe = model.get("mode") === "swipe";
    const border = Math.round(amount * width);
    canvasOf(0, (context) => {
      if (beside()) return layer(context, first);
      if (!swipe) {
        layer(context, first);
        return layer(context, second, { alpha: amount });
      }
      layer(context, first, { right: border });
      return layer(context, second, { left: border });
    });
    if (beside()) canvasOf(1, (context) => layer(context, second));
    panes[0].handle.hidden = !swipe;
    panes[0].handle.style.left = `${border}px`;
    tag(0, 0, first);
    tag(0, 1, beside() ? null : second);
    tag(1, 0, second);
    const one = describe(first);
    panes[0].canvas.setAttribute("aria-label", beside() || first === second ? one : `${one} — ${model.get("mode")} — ${describe(second)}`);
    panes[1].canvas.setAttribute("aria-label", describe(second));
  }

  function canvasOf(k, content) {
    const { canvas } = panes[k];
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = viewport();
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = false; // nearest neighbour: every pixel is seen as a square
    content(context);
    const current = draft ?? (model.get("region") && onPart(model.get("region")));
    if (current) outline(context, current);
    if (cursor) crosshair(context);
  }

  function layer(context, k, { alpha = 1, left = 0, right = viewport()[0] } = {}) {
    if (!layers[k]) return;
    const [x, y] = toScreen([0, 0]);
    const [width, height] = size();
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, viewport()[1]);
    context.clip();
    context.globalAlpha = alpha;
    context.drawImage(layers[k].surface, x, y, width * scale(), height * scale());
    context.restore();
  }

  /** A line that can be seen on every picture: black with white on it. */
  function twice(context, path, dash = []) {
    for (const [colour, width, pattern] of [["#000", 3, []], ["#fff", 1, dash]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.setLineDash(pattern);
      context.stroke(path);
    }
  }

  function outline(context, box) {
    const [left, top] = toScreen(box.slice(0, 2));
    const [right, bottom] = toScreen(box.slice(2));
    const path = new Path2D();
    path.rect(left, top, right - left, bottom - top);
    twice(context, path, [6, 4]);
  }

  function crosshair(context) {
    const [x, y] = toScreen(cursor);
    const side = scale();
    const [near, far] = [3, 12];
    const path = new Path2D();
    if (side >= 4) path.rect(x, y, side, side);
    for (const [dx, dy] of Object.values(ARROWS)) {
      const [u, v] = [x + side / 2 + (dx * side) / 2, y + side / 2 + (dy * side) / 2];
      path.moveTo(u + dx * near, v + dy * near);
      path.lineTo(u + dx * far, v + dy * far);
    }
    twice(context, path);
  }

  const isPreview = (k) => Boolean(layers[k]?.note) && !isExact(k, seen());
  const describe = (k) => [`${layers[k]?.name}:`, layers[k]?.alt, isPreview(k) ? layers[k].note : ""].join(" ").trim();

  function tag(pane, side, k) {
    const element = panes[pane].tags[side];
    element.hidden = k === null || !layers[k] || (side === 1 && k === shown()[0]);
    if (element.hidden) return;
    element.textContent = layers[k].name + (isPreview(k) ? " · preview, zoom in for exact pixels" : "");
    element.title = isPreview(k) ? layers[k].note : "";
  }

  // ---------------------------------------------------------------- from Python

  async function decoded(data, type) {
    return createImageBitmap(new Blob([data], { type }), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  }

  async function load() {
    const set = (loading += 1);
    const [width, height] = size();
    const found = await Promise.all(model.get("layers").map(async (given) => {
      const surface = make("canvas", { width, height });
      const context = surface.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(await decoded(given.data, given.media_type), 0, 0, width, height);
      return { name: given.name, alt: given.alt, note: given.note, surface, exact: given.note ? [] : [[0, 0, width, height]] };
    }));
    if (set !== loading) return; // newer ones have come meanwhile
    layers = found;
    if (cursor) moveCursor(inside(cursor));
    update();
  }

  function update() {
    const swipe = model.get("mode") === "swipe";
    const percent = Math.round(model.get("share") * 100);
    mode.set(model.get("mode"));
    zoom.set(scale());
    picks.forEach((select, k) => {
      const names = layers.map((l) => l.name);
      if (names.some((n, i) => select.options[i]?.textContent !== n) || select.options.length !== names.length) {
        select.replaceChildren(...names.map((n, i) => make("option", { value: i }, n)));
      }
      select.value = String(shown()[k]);
    });
    share.hidden = beside();
    shareWords.textContent = swipe ? "Border" : "Opacity of second";
    shareInput.value = percent;
    shareValue.textContent = `${percent} %`;
    root.style.setProperty("--fx-height", `${model.get("height")}px`);
    panes[0].box.setAttribute("aria-label", beside() ? "First layer" : "Layers");
    panes[1].box.hidden = !beside();
    stage.classList.toggle("fx-beside", beside());
    const marked = model.get("region");
    const limits = onPicture([0, 0, ...size()]);
    edges.forEach(({ input }, k) => {
      input.min = limits[k % 2];
      input.max = limits[2 + (k % 2)];
      if (marked) input.value = marked[k];
      else if (!problem.textContent) input.value = "";
    });
    clear.disabled = !marked;
    draw();
  }

  const traits = ["mode", "first", "second", "share", "zoom", "offset", "region", "origin", "height"];
  const changes = traits.map((name) => `change:${name}`).join(" ");
  model.on(changes, update);
  model.on("change:layers", load);
  model.on("msg:custom", received);
  const watch = new ResizeObserver(draw);
  watch.observe(stage);
  load();

  return () => {
    watch.disconnect();
    window.removeEventListener("keydown", keepKeys, true);
    model.off(changes, update);
    model.off("change:layers", load);
    model.off("msg:custom", received);
    cancelAnimationFrame(timers.draw);
    Object.values(timers).forEach(clearTimeout);
    loading += 1;
  };
}

export default { render };
