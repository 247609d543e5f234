"use strict";
const $ = (id) => document.getElementById(id);
const letters = ["A", "B", "C", "D"];

// Talking to the server

const token = () => sessionStorage.getItem("token") || "";
const headers = () => {
  const result = { "Content-Type": "application/json" };
  if (token()) result.Authorization = "Bearer " + token();
  return result;
};

async function refused(response) {
  const body = await response.json().catch(() => null);
  const message = body?.error?.message || "the server answered " + response.status;
  if (response.status === 401) {
    $("access").open = true;
    return new Error(message + ": give it above");
  }
  return new Error(message);
}

// Calls each(name, data) for every server-sent event of a response.
async function readEvents(response, each) {
  if (!response.ok) throw await refused(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = JSON.parse(lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n"));
      if (name === "error") throw new Error(data.error.message);
      each(name, data);
    }
  }
}

async function post(path, body, signal, each) {
  await readEvents(await fetch(path, { method: "POST", headers: headers(), body: JSON.stringify(body), signal }), each);
}

function show(problem) {
  // The browser's own words for a server that is gone are "Failed to fetch".
  $("problem").textContent = problem instanceof TypeError ? "The server cannot be reached." : problem ? problem.message : "";
  $("problem").hidden = !problem;
}

const say = (text) => { $("said").textContent = text; };

// A clock that runs against a deadline; the server's word corrects it.
class Clock {
  constructor(place, seconds) {
    this.place = place;
    this.limit = seconds * 1000;
    this.end = performance.now() + this.limit;
    place.className = "clock";
    place.innerHTML = "<i aria-hidden='true'><b></b></i><span role='timer' aria-live='off'></span>";
    this.said = Infinity;
    this.timer = setInterval(() => this.draw(), 50);
    this.draw();
  }
  correct(left) { this.end = performance.now() + left; }
  draw() {
    const left = this.end - performance.now();
    this.place.querySelector("b").style.setProperty("--left", Math.max(0, Math.min(1, left / this.limit)));
    this.place.querySelector("span").textContent = Math.max(0, left / 1000).toFixed(1) + " s left";
    // A screen reader hears the half and the last second, not every tick.
    for (const mark of [this.limit / 2, 1000]) {
      if (left <= mark && this.said > mark && left > 0) {
        this.said = mark;
        say((left / 1000).toFixed(0) + " seconds left");
      }
    }
  }
  stop(text, isLate) {
    clearInterval(this.timer);
    this.place.classList.toggle("late", Boolean(isLate));
    if (text) this.place.querySelector("span").textContent = text;
  }
}

// Runs one thing at a time in a form, with a button to stop it.
function whenSubmitted(form, stop, work) {
  const button = form.querySelector("[type=submit]");
  let controller = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (controller) return;
    controller = new AbortController();
    button.disabled = true;
    stop.hidden = false;
    show(null);
    try {
      await work(controller.signal);
    } catch (error) {
      if (error.name === "AbortError") say("Stopped."); else { show(error); say(""); }
    } finally {
      controller = null;
      button.disabled = false;
      if (document.activeElement === stop) button.focus();
      stop.hidden = true;
    }
  });
  stop.addEventListener("click", () => controller?.abort());
}

// Answer

function drawBars(list, choices, probabilities, chosen) {
  while (list.children.length < choices.length) {
    const item = document.createElement("li");
    item.append(document.createElement("b"), document.createElement("span"), document.createElement("output"));
    list.append(item);
  }
  choices.forEach((choice, index) => {
    const item = list.children[index], p = probabilities?.[letters[index]];
    item.children[0].textContent = letters[index];
    item.children[1].textContent = choice;
    item.children[2].textContent = p === undefined ? "" : Math.round(p * 100) + " %";
    item.style.setProperty("--p", p ?? 0);
    item.classList.toggle("chosen", letters[index] === chosen);
  });
}

async function answer(question, choices, signal) {
  const seconds = Number($("ask-seconds").value) || 6, began = performance.now();
  $("reply").hidden = false;
  $("reply-text").textContent = "";
  $("reply-bars").textContent = "";
  drawBars($("reply-bars"), choices);
  $("reply-stage").textContent = "Waiting for its turn …";
  const clock = new Clock($("reply-clock"), seconds);
  let scored = 0, closed = false;
  try {
    const body = { question, choices, stream: true, confidence: true, deadline_ms: Math.round(seconds * 1000), model: $("model").value };
    if ($("ask-mode").value) body.mode = $("ask-mode").value;
    await post("v1/answer", body, signal, (name, data) => {
      clock.correct(data.remaining_ms);
      if (name === "scores" && data.stream === 0) {
        scored += 1;
        drawBars($("reply-bars"), choices, data.probabilities);
        $("reply-stage").textContent = scored === 1 ? "First guess, before any reasoning." : "After the reasoning.";
      } else if (name === "text" && data.stream === 0 && !closed) {
        $("reply-stage").textContent = "Reasoning …";
        const end = data.text.indexOf('"');
        closed = end >= 0;
        $("reply-text").textContent += closed ? data.text.slice(0, end) : data.text;
      } else if (name === "answer") {
        const took = ((performance.now() - began) / 1000).toFixed(1), letter = data.answer.answer;
        drawBars($("reply-bars"), choices, data.answer.probabilities, letter);
        $("reply-text").textContent = data.answer.reasoning || "";
        $("reply-stage").textContent = "Answer " + letter;
        clock.stop("answered in " + took + " s", data.remaining_ms < 0);
        say("The answer is " + letter + ", " + choices[letters.indexOf(letter)] + ", after " + took + " seconds.");
      }
    });
  } catch (error) {
    clock.stop(error.name === "AbortError" ? "stopped" : "no answer");
    $("reply-stage").textContent = "";
    throw error;
  }
}

whenSubmitted($("ask"), $("ask-stop"), (signal) =>
  answer($("ask-question").value, [...$("ask").querySelectorAll("[name=choice]")].map((input) => input.value), signal));

// Question

let made = null;

function drawQuestion(question) {
  made = question;
  $("made-draft").textContent = "";
  $("made-question").textContent = question.question;
  $("made-verdict").textContent = "";
  $("made-verdict").className = "";
  $("made-explanation").textContent = "";
  $("made-choices").replaceChildren(...question.choices.map((choice, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = choice;
    button.addEventListener("click", () => judge(index));
    return button;
  }));
  $("made-ask").hidden = false;
}

function judge(index) {
  const right = letters.indexOf(made.answer), isRight = index === right;
  [...$("made-choices").children].forEach((button, place) => {
    button.classList.toggle("right", place === right);
    button.classList.toggle("wrong", place === index && !isRight);
  });
  $("made-verdict").textContent = isRight ? "Right." : "The question's own answer is " + made.answer + ".";
  $("made-verdict").className = isRight ? "good" : "bad";
  $("made-explanation").textContent = made.explanation || "";
}

whenSubmitted($("make"), $("make-stop"), async (signal) => {
  const seconds = Number($("make-seconds").value) || 10, began = performance.now();
  $("made").hidden = false;
  for (const id of ["made-question", "made-choices", "made-verdict", "made-explanation", "made-draft"]) $(id).textContent = "";
  $("made-ask").hidden = true;
  $("made-stage").textContent = "Waiting for its turn …";
  const clock = new Clock($("made-clock"), seconds);
  try {
    const body = { topic: $("make-topic").value, stream: true, deadline_ms: Math.round(seconds * 1000), model: $("model").value };
    await post("v1/question", body, signal, (name, data) => {
      clock.correct(data.remaining_ms);
      if (name === "text" && data.stream === 0) {
        $("made-stage").textContent = "Writing …";
        $("made-draft").textContent += data.text.replaceAll('"', "\n");
      } else if (name === "back" && data.stream === 0) {
        $("made-draft").textContent += " … ";
      } else if (name === "question") {
        const took = ((performance.now() - began) / 1000).toFixed(1);
        clock.stop("written in " + took + " s", data.remaining_ms < 0);
        $("made-stage").textContent = "";
        drawQuestion(data.question);
        say("The question: " + data.question.question);
      }
    });
  } catch (error) {
    clock.stop(error.name === "AbortError" ? "stopped" : "no question");
    $("made-stage").textContent = "";
    throw error;
  }
});

$("made-ask").addEventListener("click", () => {
  $("ask-question").value = made.question;
  const inputs = [...$("ask").querySelectorAll("[name=choice]")];
  made.choices.forEach((choice, index) => { inputs[index].value = choice.replace(/^[A-D][).:]\s*/, ""); });
  choose($("tab-answer"));
  $("ask").requestSubmit();
});

// Tournament

const match = { id: null, innings: {}, items: {} };

function drawScores(teams) {
  const rows = teams.map((team) => {
    // Of its questions the opponent got wrong; of the opponent's it got right.
    const asked = match.innings[team]?.asks, answered = match.innings[team]?.answers;
    const share = (inning, count) => (inning && inning.passing ? (100 * count(inning)) / inning.passing : null);
    const q = share(asked, (inning) => inning.done - inning.correct), a = share(answered, (inning) => inning.correct);
    const text = (value) => (value === null ? "–" : value.toFixed(0));
    const row = document.createElement("tr");
    for (const value of [team, text(q), text(a), text(q === null && a === null ? null : (q || 0) + (a || 0))]) {
      const cell = document.createElement("td");
      cell.textContent = value;
      row.append(cell);
    }
    return row;
  });
  $("match-scores").replaceChildren(...rows);
}

function addLine(item, text, kind) {
  const line = document.createElement(kind || "p");
  line.textContent = text;
  item.append(line);
  return line;
}

const outcomes = { correct: "right", wrong: "wrong", late: "too late", missing: "no answer", malformed: "malformed" };

function happened(name, data) {
  if (name === "match-begins") {
    match.teams = [data.first, data.second];
    drawScores(match.teams);
  } else if (name === "inning-begins") {
    const inning = { passing: 0, done: 0, correct: 0 };
    match.innings[data.asker] = { ...match.innings[data.asker], asks: inning };
    match.innings[data.answerer] = { ...match.innings[data.answerer], answers: inning };
    match.inning = inning;
    match.asker = data.asker;
    match.answerer = data.answerer;
    $("match-stage").textContent = "Inning " + data.inning + ": " + data.asker + " asks.";
  } else if (name === "question") {
    const item = document.createElement("li"), question = data.record.question;
    addLine(item, question ? question.question : "No question.").className = "question";
    if (question) addLine(item, question.choices.join("   "), "small");
    if (data.rejections.length) addLine(item, "Not put: " + data.rejections.join("; ")).className = "bad";
    else match.inning.passing += 1;
    match.items[data.inning + "/" + data.number] = item;
    $("match-log").prepend(item);
  } else if (name === "answer") {
    const item = match.items[data.inning + "/" + data.number], isRight = data.outcome === "correct";
    match.inning.done += 1;
    if (isRight) match.inning.correct += 1;
    $("match-stage").textContent = "Inning " + data.inning + ": " + match.answerer + " answers.";
    const given = data.record?.answer?.answer;
    addLine(item, match.answerer + (given ? " says " + given : "") + ": " + outcomes[data.outcome] + (isRight ? "." : " (" + data.right + " by the question)."))
      .className = isRight ? "good" : "bad";
    item.dataset.decides = isRight ? "" : "yes";
    drawScores(match.teams);
  } else if (name === "match-ends") {
    $("match-stage").textContent = "The match is over: " + (data.winner ? data.winner + " wins." : "nobody wins.")
      + data.teams.map((team) => (team.disqualification ? " " + team.name + " is out: " + team.disqualification + "." : "")).join("");
    // What was answered right gave the other side nothing.
    for (const item of Object.values(match.items)) item.hidden = item.dataset.decides !== "yes";
    $("match-heading").hidden = false;
  }
}

whenSubmitted($("play"), $("play-stop"), async (signal) => {
  Object.assign(match, { id: null, innings: {}, items: {} });
  $("match").hidden = false;
  $("match-heading").hidden = true;
  $("match-log").textContent = "";
  $("match-scores").textContent = "";
  $("match-stage").textContent = "Beginning …";
  const body = {
    first: $("play-first").value, second: $("play-second").value, questions: Number($("play-count").value) || 3,
    topics: $("play-topics").value.split("\n").map((line) => line.trim()).filter(Boolean),
  };
  const begun = await fetch("v1/tournaments", { method: "POST", headers: headers(), body: JSON.stringify(body), signal });
  if (!begun.ok) throw await refused(begun);
  match.id = (await begun.json()).id;
  try {
    await readEvents(await fetch("v1/tournaments/" + match.id + "/events", { headers: headers(), signal }), happened);
  } catch (error) {
    if (error.name === "AbortError") {
      await fetch("v1/tournaments/" + match.id, { method: "DELETE", headers: headers() });
      $("match-stage").textContent = "The match was stopped.";
    }
    throw error;
  }
});

// Tabs: arrows go from one to the next, as in every tab list.

const tabs = [...document.querySelectorAll("[role=tab]")];
function choose(tab) {
  for (const one of tabs) {
    const isChosen = one === tab;
    one.setAttribute("aria-selected", isChosen);
    one.tabIndex = isChosen ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = !isChosen;
  }
  show(null);
}
for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = event.key === "Home" ? tabs[0] : event.key === "End" ? tabs.at(-1) : step && tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    choose(next);
    next.focus();
  });
}

// Models

async function loadModels() {
  const response = await fetch("v1/models", { headers: headers() });
  if (!response.ok) throw await refused(response);
  const list = await response.json();
  for (const id of ["model", "play-first", "play-second"]) {
    $(id).replaceChildren(...list.data.map((model) => new Option(model.id, model.id)));
  }
  $("model").value = list.retort.standard;
  $("play-first").value = list.retort.standard;
  $("ask-mode").replaceChildren(...list.retort.modes.map((mode) => new Option(mode, mode, false, mode === list.retort.mode)));
  $("ask-seconds").value = list.retort.answer_deadline_ms / 1000;
  $("make-seconds").value = list.retort.question_deadline_ms / 1000;
}

$("token").value = token();
function enter(event) {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value.trim());
  loadModels().then(() => show(null), show);
}
$("entry").addEventListener("submit", enter);
$("token").addEventListener("change", enter);
loadModels().catch(show);
