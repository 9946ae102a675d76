// @ts-check
/** Looks for pieces and holes off the page's thread, so that a stroke never waits for them. */
import { faults, graphOf } from "./territory_graph.js";

/** @type {import("./territory_graph.js").Graph} */
let graph;
/** @type {Uint16Array} */
let home;

addEventListener("message", ({ data }) => {
  if (data.a) {
    graph = graphOf(data.home.length, data.a, data.b);
    home = data.home;
  } else {
    for (let i = 0; i < data.units.length; i += 1) home[data.units[i]] = data.to[i];
  }
  postMessage({ asked: data.asked, ...faults(graph, home) });
});
