// New recordings: chosen, dropped or recorded, and sent to the server.

import { Recorder } from "./recorder.js";
import { ask, clock } from "./server.js";

const $ = (id) => document.getElementById(id);

export class Adding {
  // limit: bytes of a file; tell(text): for people; shown(): what is on its way has changed; added(recording).
  constructor({ limit, tell, shown, added }) {
    Object.assign(this, { limit, tell, shown, added, sending: [] });
    this.recorder = new Recorder((seconds) => {
      $("record").classList.toggle("recording", seconds !== undefined);
      $("record-text").textContent = seconds === undefined ? "Record" : `Stop ${clock(seconds, 0)}`;
    });
    const hindrance = Recorder.hindrance();
    if (hindrance) Object.assign($("record"), { disabled: true, title: hindrance });
    $("record").onclick = () => this.record();
    $("files").onchange = () => {
      this.add([...$("files").files]);
      $("files").value = "";
    };
    this.listen();
  }

  get records() {
    return this.recorder.runs;
  }

  async record() {
    try {
      if (!this.records) return await this.recorder.start();
      const file = await this.recorder.stop();
      if (!(await this.add([file]))) offer(file);
    } catch (error) {
      this.tell(`Nothing can be recorded: ${error.message}`);
    }
  }

  // Whether all were taken.
  async add(files) {
    let all = true;
    for (const file of files) all = (await this.send(file)) && all;
    return all;
  }

  async send(file) {
    if (file.size > this.limit) {
      this.tell(`${file.name} has more than ${this.limit >> 20} MB, the limit of this server.`);
      return false;
    }
    this.sending = [...this.sending, file.name];
    this.shown();
    try {
      const query = new URLSearchParams({ name: file.name, speaker: "" });
      const made = await ask("POST", `/api/recordings?${query}`, file, { raw: true });
      this.tell("");
      this.added(made);
      return true;
    } catch (error) {
      this.tell(`${file.name} was not added: ${error.message}`);
      return false;
    } finally {
      this.sending = this.sending.filter((name) => name !== file.name);
      this.shown();
    }
  }

  // Files that are dropped anywhere on the page.
  listen() {
    let over = 0;
    addEventListener("dragenter", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      over += 1;
      $("drop").hidden = false;
    });
    addEventListener("dragleave", () => {
      over = Math.max(0, over - 1);
      $("drop").hidden = over === 0;
    });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      over = 0;
      $("drop").hidden = true;
      this.add([...event.dataTransfer.files]);
    });
  }
}

// A recording that could not be sent is nowhere else: the browser saves it as a file.
function offer(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
}
