// The sound of the open recording: waveform, playing a stretch, the borders of the active piece.

import WaveSurfer from "./wavesurfer.esm.js";
import Regions from "./regions.esm.js";
import { ask, recordingAt } from "./server.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const LEAD = 0.04; // seconds before a word that is played alone

export class Player {
  // moved(seconds): while it plays or is moved; playing(yes); clicked(seconds); borders(start, end): dragged.
  constructor(container, { moved, playing, clicked, borders }) {
    this.regions = Regions.create();
    this.until = Infinity;
    this.wave = WaveSurfer.create({
      container,
      height: 80,
      waveColor: style("--wave"),
      progressColor: style("--accent"),
      cursorColor: style("--ink"),
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      normalize: true,
      plugins: [this.regions],
    });
    this.wave.on("timeupdate", (seconds) => {
      if (seconds >= this.until) this.pause();
      moved(seconds);
    });
    this.wave.on("play", () => playing(true));
    this.wave.on("pause", () => playing(false));
    this.wave.on("interaction", (seconds) => {
      this.until = Infinity;
      clicked(seconds);
    });
    this.regions.on("region-updated", (region) => borders(region.start, region.end));
  }

  async open(recording) {
    this.pause();
    this.regions.clearRegions();
    this.recording = recording.id;
    const peaks = await ask("GET", recordingAt(recording.id, "peaks"));
    if (this.recording !== recording.id) return;
    const zoom = recording.seconds > 30 ? 40 : 1;
    this.wave.setOptions({ minPxPerSec: zoom });
    await this.wave.load(recordingAt(recording.id, "audio"), [peaks], recording.seconds);
  }

  close() {
    this.recording = undefined;
    this.pause();
    this.wave.empty();
  }

  get time() {
    return this.wave.getCurrentTime();
  }

  get isPlaying() {
    return this.wave.isPlaying();
  }

  // From start to end in seconds; lead: a little before, as for a word that is played alone.
  play(start, end = Infinity, lead = false) {
    this.until = Infinity;
    this.wave.setTime(Math.max(0, start - (lead ? LEAD : 0)));
    this.until = end;
    this.wave.play();
  }

  go() {
    this.until = Infinity;
    this.wave.play();
  }

  pause() {
    this.until = Infinity;
    if (this.wave.isPlaying()) this.wave.pause();
  }

  speed(rate) {
    this.wave.setPlaybackRate(rate, true);
  }

  mark(piece) {
    this.regions.clearRegions();
    if (!piece || piece.end - piece.start < 0.02) return;
    this.regions.addRegion({ start: piece.start, end: piece.end, drag: false, resize: true, color: "rgba(11, 107, 99, 0.16)" });
  }
}
