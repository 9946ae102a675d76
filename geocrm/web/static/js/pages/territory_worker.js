// @ts-check
/** Looks for pieces and holes off the page's thread, so that a stroke never waits for them. */
import { faults, graphOf } from "./territory_graph.js";

/** @type {import("./territory_graph.js").Graph} */
let graph;
/** @type {Uint16Array} */
let home;

/** While a hand is moving the answers would come faster than anybody could see them. */
const EVERY_MS = 150;
let asked = 0;
let timer = 0;

addEventListener("message", ({ data }) => {
  asked = data.asked;
  if (data.a) {
    graph = graphOf(data.home.length, data.a, data.b);
    home = data.home;
  } else {
    for (let i = 0; i < data.units.length; i += 1) home[data.units[i]] = data.to[i];
  }
  timer ||= setTimeout(answer, EVERY_MS);
});

function answer() {
  timer = 0;
  postMessage({ asked, ...faults(graph, home) });
}
