// Keeps the page up to date by the server's events. Without it the page is what it was when it was
// loaded. It writes texts and the paths of charts, and never markup.
"use strict";

(() => {
  const body = document.body;
  const stream = body.dataset.events;
  if (!stream || !window.EventSource) return;

  const cards = new Map();
  for (const card of document.querySelectorAll("[data-path]")) cards.set(card.dataset.path, card);
  const summary = document.querySelector("[data-summary]");
  const liveness = document.querySelector("[data-liveness]");
  const notice = document.querySelector("[data-notice]");

  // What is the same stays untouched: a screen reader would say it again.
  function say(node, text) {
    if (node && node.textContent !== text) node.textContent = text;
  }

  function showTexts(scope, texts) {
    for (const node of scope.querySelectorAll("[data-text]")) {
      const text = texts[node.dataset.text];
      if (typeof text === "string") say(node, text);
    }
  }

  function showLines(card, lines) {
    for (const chart of card.querySelectorAll("[data-line]")) {
      const line = lines[chart.dataset.line];
      if (typeof line !== "string") continue;
      chart.querySelector(".line").setAttribute("d", line);
      // The area goes down to the floor of the chart, and back to where the line begins.
      const area = line === "" ? "" : `${line}V100H${parseFloat(line.slice(1))}Z`;
      chart.querySelector(".area").setAttribute("d", area);
    }
  }

  const pictureEvery = 5000; // ms
  const pictureDue = new WeakMap();

  // A new picture takes the place of the old one once it is here: nothing flickers.
  function showPicture(card, number) {
    const image = card.querySelector("[data-picture]");
    if (!image || typeof number !== "number") return;
    image.hidden = number === 0;
    const now = performance.now();
    if (image.dataset.picture === String(number) || now < (pictureDue.get(image) || 0)) return;
    image.dataset.picture = String(number);
    if (number === 0) return;
    pictureDue.set(image, now + pictureEvery);
    const url = new URL(image.src);
    url.searchParams.set("key", String(number));
    const next = new Image();
    next.onload = () => (image.src = next.src);
    next.src = url.href;
  }

  // The cells of a row are as those of the head: the first one names the row.
  function rowOf(texts, columns) {
    const row = document.createElement("tr");
    texts.forEach((text, i) => {
      const cell = document.createElement(i === 0 ? "th" : "td");
      if (i === 0) cell.scope = "row";
      if (columns[i] && columns[i].classList.contains("words")) cell.className = "words";
      cell.textContent = text;
      row.append(cell);
    });
    return row;
  }

  function showTable(section, table) {
    const none = section.querySelector(".none");
    const more = section.querySelector(".more");
    const hasRows = table.rows.length > 0;
    section.hidden = !hasRows && none.textContent === "";
    none.hidden = hasRows;
    section.querySelector(".table").hidden = !hasRows;
    say(more, table.more);
    more.hidden = table.more === "";
    // Whoever marks a text in a table that stays the same keeps the mark.
    const rows = JSON.stringify(table.rows);
    if (section.dataset.rows === rows) return;
    section.dataset.rows = rows;
    const columns = section.querySelectorAll("thead th");
    const body = section.querySelector("tbody");
    body.replaceChildren(...table.rows.map((texts) => rowOf(texts, columns)));
  }

  function showTables(tables) {
    for (const section of document.querySelectorAll("[data-table]")) {
      const table = tables[section.dataset.table];
      if (table) showTable(section, table);
    }
  }

  function show(event) {
    if (summary) showTexts(summary, event.server.shown);
    let same = event.points.length === cards.size;
    for (const point of event.points) {
      const card = cards.get(point.path);
      if (!card) {
        same = false;
        continue;
      }
      card.dataset.state = point.state;
      showTexts(card, point.shown);
      if (point.lines) showLines(card, point.lines);
      showPicture(card, point.picture);
      if (point.tables) showTables(point.tables);
    }
    say(notice, same ? "" : "Publishing points have come or gone. Reload the page to see them.");
  }

  let events = null;

  function listen() {
    if (events) return;
    events = new EventSource(stream);
    events.onopen = () => say(liveness, "Live");
    events.onmessage = (message) => show(JSON.parse(message.data));
    events.onerror = () => {
      const over = events.readyState === EventSource.CLOSED;
      say(liveness, over ? "Not live: reload the page for newer numbers" : "Connecting again");
    };
  }

  function rest() {
    if (events) events.close();
    events = null;
  }

  // A page that nobody looks at leaves its place to another one.
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  if (!document.hidden) listen();
})();
