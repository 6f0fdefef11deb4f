// Everything that runs on every page. The editor and Python come later, when asked for.

import { mount } from "../../code/unrolled/figures/player.mjs";
import { start } from "./helpers.mjs";
import { startRunner } from "./runner.mjs";

start();
for (const root of document.querySelectorAll(".unrolled-figure")) {
  mount(root);
}
startRunner(mount);
