"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);

  // The theme: the system's preference, until the user chooses.
  const theme = byId("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
  const showTheme = () => theme.setAttribute("aria-pressed", isDark());
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  prefersDark.addEventListener("change", showTheme);
  showTheme();

  // Tables: numbers sort in descending order first, names in ascending; cells without a value stay last.
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const names = [...table.tHead.rows[0].cells].filter((cell) => cell.rowSpan === 2);
    const heads = [...names, ...table.tHead.rows[1].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const isNumber = [...body.rows].some((row) => row.cells[column].dataset.value !== undefined);
      const now = head.getAttribute("aria-sort");
      const first = isNumber ? "descending" : "ascending";
      const order = now === "none" ? first : now === "ascending" ? "descending" : "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", other === head ? order : "none"));
      const sign = order === "ascending" ? 1 : -1;
      const keyed = [...body.rows].map((row) => {
        const cell = row.cells[column];
        return { row, key: isNumber ? Number.parseFloat(cell.dataset.value) : cell.textContent };
      });
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      keyed.sort((a, b) => {
        if (!isNumber) return sign * compare(a.key, b.key);
        if (Number.isNaN(a.key) || Number.isNaN(b.key)) return Number.isNaN(a.key) - Number.isNaN(b.key);
        return a.key === b.key ? 0 : sign * (a.key < b.key ? -1 : 1);
      });
      body.append(...keyed.map((entry) => entry.row));
    }));
  }

  if (data.slices.length === 0) return;

  // Pictures: HU of each image of the current slice.
  const decode = async (png, levels) => {
    if (!png) return null;
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return Float32Array.from({ length: pixels.length / 4 }, (_, index) => levels[pixels[4 * index]]);
  };
  const state = {
    slice: 0, view: "compare", level: -600, width: 1500, scale: 100, zoom: 1, split: 50, left: null, images: null,
  };
  const [under, over] = [byId("under"), byId("over")];

  const paint = (canvas, hu, low, high) => {
    const { width, height } = data.slices[state.slice];
    [canvas.width, canvas.height] = [width, height];
    const pixels = new ImageData(width, height);
    for (let index = 0; index < hu.length; index++) {
      const grey = 255 * (hu[index] - low) / (high - low);
      pixels.data.set([grey, grey, grey, 255], 4 * index);
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  };
  const press = (selector, isPressed) => {
    for (const button of document.querySelectorAll(selector)) button.setAttribute("aria-pressed", isPressed(button));
  };

  const draw = () => {
    const { images } = state;
    if (!images) return;
    const slice = data.slices[state.slice];
    const isCompared = state.view === "compare" && state.left !== null;
    const names = data.names;
    let caption;
    if (state.view === "compare") {
      const [low, high] = [state.level - state.width / 2, state.level + state.width / 2];
      paint(under, images[state.left ?? "test"], low, high);
      under.setAttribute("aria-label", `${names[state.left ?? "test"]}: ${slice.name}`);
      if (isCompared) {
        paint(over, images.test, low, high);
        over.setAttribute("aria-label", `${names.test}: ${slice.name}`);
      }
      caption = `Black is ${low} HU, white ${high} HU.`.replaceAll("-", "−");
    } else {
      paint(under, images[state.view], -state.scale, state.scale);
      const isDifference = state.view === "difference";
      const what = isDifference ? `${names.test} − ${names.reference}` : `${names.baseline} − ${names.test}`;
      under.setAttribute("aria-label", `${what}: ${slice.name}`);
      caption = `${what}: black is −${state.scale} HU, grey 0, white +${state.scale} HU.`;
    }
    if (slice.reduction > 1) caption += ` Shown at 1/${slice.reduction} resolution; figures are of the full slice.`;
    byId("caption").textContent = `${slice.patient ? slice.patient + "/" : ""}${slice.name}. ${caption}`;
    over.hidden = byId("divider").hidden = byId("sliding").hidden = !isCompared;
    byId("leftside").hidden = state.view !== "compare" || byId("left").length < 2;
    byId("windows").hidden = state.view !== "compare";
    byId("scales").hidden = state.view === "compare";
    byId("leftname").textContent = names[state.left] ?? "";
    byId("rightname").textContent = names.test;
    press(".view", (button) => button.dataset.view === state.view);
    press(".window", ({ dataset }) => Number(dataset.level) === state.level && Number(dataset.width) === state.width);
    place();
  };
  const place = () => {
    over.style.clipPath = `inset(0 0 0 ${state.split}%)`;
    byId("divider").style.left = `${state.split}%`;
    byId("slider").value = state.split;
    byId("layers").style.width = `${100 * state.zoom}%`;
    byId("stage").classList.toggle("zoomed", state.zoom > 1);
    byId("zoom").textContent = `${state.zoom}×`;
    byId("closer").disabled = state.zoom >= 8;
    byId("farther").disabled = state.zoom <= 1;
  };

  let wanted = 0;
  const show = async (number) => {
    wanted = Math.min(Math.max(number, 0), data.slices.length - 1);
    const mine = wanted;
    const slice = data.slices[mine];
    const [test, difference, removed] = await Promise.all([
      decode(slice.test, data.huLevels), decode(slice.difference, data.differenceLevels),
      decode(slice.removed, data.differenceLevels),
    ]);
    // The user may have moved on in the meantime. Until here, the page shows the previous slice and its figures.
    if (wanted !== mine) return;
    state.slice = mine;
    state.images = {
      test, difference, removed,
      reference: difference && test.map((hu, index) => hu - difference[index]),
      baseline: removed && test.map((hu, index) => hu + removed[index]),
    };
    const choices = ["baseline", "reference"].filter((name) => state.images[name]);
    if (!choices.includes(state.left)) state.left = choices[0] ?? null;
    const option = (name) => new Option(data.names[name], name, false, name === state.left);
    byId("left").replaceChildren(...choices.map(option));
    for (const button of document.querySelectorAll(".view")) {
      button.hidden = button.dataset.view !== "compare" && !state.images[button.dataset.view];
    }
    if (state.view !== "compare" && !state.images[state.view]) state.view = "compare";
    byId("slice").value = mine;
    const line = (cells, tag) => {
      const row = document.createElement("tr");
      row.append(...cells.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
      return row;
    };
    const hasBaseline = slice.figures.some((cells) => cells.length > 2);
    const figures = byId("figures");
    figures.tHead.replaceChildren(line(["", data.names.test, ...(hasBaseline ? [data.names.baseline] : [])], "th"));
    const padded = (cells) => (hasBaseline && cells.length < 3 ? [...cells, ""] : cells);
    figures.tBodies[0].replaceChildren(...slice.figures.map((cells) => line(padded(cells), "td")));
    byId("previous").disabled = mine === 0;
    byId("next").disabled = mine === data.slices.length - 1;
    draw();
    document.documentElement.dataset.shown = mine;
  };

  const title = (slice) => (slice.patient ? `${slice.patient}: ${slice.name}` : slice.name);
  byId("slice").append(...data.slices.map((slice, index) => new Option(title(slice), index)));
  byId("slice").addEventListener("change", (event) => show(Number(event.target.value)));
  byId("previous").addEventListener("click", () => show(wanted - 1));
  byId("next").addEventListener("click", () => show(wanted + 1));
  for (const button of document.querySelectorAll(".view")) {
    button.addEventListener("click", () => { state.view = button.dataset.view; draw(); });
  }
  const setWindow = (level, width) => {
    if (!Number.isFinite(level) || !(width > 0)) return;
    [state.level, state.width] = [level, width];
    [byId("level").value, byId("width").value] = [level, width];
    draw();
  };
  for (const button of document.querySelectorAll(".window")) {
    button.addEventListener("click", () => setWindow(Number(button.dataset.level), Number(button.dataset.width)));
  }
  for (const id of ["level", "width"]) {
    byId(id).addEventListener("change", () => setWindow(byId("level").valueAsNumber, byId("width").valueAsNumber));
  }
  byId("left").addEventListener("change", (event) => { state.left = event.target.value; draw(); });
  byId("scale").addEventListener("change", (event) => { state.scale = Number(event.target.value); draw(); });
  byId("closer").addEventListener("click", () => { state.zoom = Math.min(8, state.zoom * 2); place(); });
  byId("farther").addEventListener("click", () => { state.zoom = Math.max(1, state.zoom / 2); place(); });
  byId("slider").addEventListener("input", (event) => { state.split = Number(event.target.value); place(); });
  const drag = (event) => {
    if (event.buttons !== 1 || state.view !== "compare") return;
    const box = byId("layers").getBoundingClientRect();
    state.split = Math.round(Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width)));
    place();
  };
  byId("layers").addEventListener("pointerdown", drag);
  byId("layers").addEventListener("pointermove", drag);
  for (const button of document.querySelectorAll(".open")) {
    button.addEventListener("click", () => {
      show(Number(button.dataset.picture));
      byId("viewer").scrollIntoView({ behavior: "auto" });
    });
  }
  byId("panel").hidden = false;
  show(0);
})();
