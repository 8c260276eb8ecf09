// The microphone, to a file that is sent as any other.

const KINDS = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/ogg;codecs=opus", "ogg"],
  ["audio/mp4", "m4a"],
];

export class Recorder {
  // shown(seconds or undefined): while it records, and when it ends.
  constructor(shown) {
    this.shown = shown;
  }

  get runs() {
    return this.recorder?.state === "recording";
  }

  // Why nothing can be recorded here, or undefined.
  static hindrance() {
    if (!window.isSecureContext) {
      return "Browsers let only pages of this machine, or over https, use the microphone: open the page as localhost, for example through an SSH tunnel.";
    }
    if (!navigator.mediaDevices || !window.MediaRecorder) return "This browser cannot record.";
    return undefined;
  }

  async start() {
    // what helps telephone calls hurts recordings
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    const [kind, ending] = KINDS.find(([type]) => MediaRecorder.isTypeSupported(type)) || ["", "webm"];
    this.recorder = new MediaRecorder(stream, kind ? { mimeType: kind, audioBitsPerSecond: 96000 } : {});
    const parts = [];
    this.recorder.ondataavailable = (event) => parts.push(event.data);
    const begun = performance.now();
    const tick = setInterval(() => this.shown((performance.now() - begun) / 1000), 200);
    this.done = new Promise((resolve) => {
      this.recorder.onstop = () => {
        clearInterval(tick);
        for (const track of stream.getTracks()) track.stop();
        this.shown(undefined);
        const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString();
        const name = `recording ${now.slice(0, 10)} ${now.slice(11, 19).replaceAll(":", ".")}.${ending}`;
        resolve(new File(parts, name, { type: this.recorder.mimeType }));
      };
    });
    this.recorder.start(1000);
    this.shown(0);
  }

  async stop() {
    this.recorder.stop();
    return this.done;
  }
}
