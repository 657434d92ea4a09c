// Plays the point in its page, when somebody wants it: by hls.js, or else by the browser's own HLS.
// Until then nothing is loaded: an open page alone is no viewer.
"use strict";

(() => {
  const box = document.querySelector("[data-hls]");
  if (!box) return;
  const video = box.querySelector("video");
  const button = box.querySelector("button");
  const status = box.querySelector("[role=status]");
  const source = box.dataset.hls;
  const library = box.dataset.library;
  // Chromium says "maybe" of HLS, and then cannot play it: its own is the last resort.
  const usesLibrary = Boolean(library && (window.MediaSource || window.ManagedMediaSource));
  const isNative = !usesLibrary && video.canPlayType("application/vnd.apple.mpegurl") !== "";
  let player = null;
  let rests = false;

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  if (!isNative && !usesLibrary) {
    say(
      library
        ? "This browser cannot play live video in a page. Open the stream in a player."
        : "This browser has no HLS of its own, and the server was built without hls.js. " +
            "Open the stream in a player."
    );
    return;
  }
  button.hidden = false;

  // Shows why it has stopped, and leaves it to people to try again.
  function stop(why) {
    if (player) player.destroy();
    player = null;
    rests = false;
    video.removeAttribute("src");
    video.load();
    video.hidden = true;
    button.hidden = false;
    box.classList.remove("plays");
    say(why);
  }

  // Where sound has to be asked for it begins without.
  function play() {
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || video.muted) return;
      video.muted = true;
      video.play().catch(() => {});
    });
  }

  function explain(status) {
    if (status === 404) return "Nothing is on air now.";
    if (status === 401 || status === 403) return "Watching this point is not allowed from here.";
    if (status === 503) return "The server cannot show this stream now. Try again in a while.";
    return "The stream cannot be loaded. Try again in a while.";
  }

  function playByLibrary() {
    const Hls = window.Hls;
    if (!Hls || !Hls.isSupported()) return stop("This browser cannot play live video in a page.");
    // A worker would need more rights for the page than it has.
    player = new Hls({ enableWorker: false, lowLatencyMode: false, backBufferLength: 30 });
    let repaired = false;
    player.on(Hls.Events.ERROR, (name, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.NETWORK_ERROR)
        return stop(explain(data.response ? data.response.code : 0));
      if (data.type !== Hls.ErrorTypes.MEDIA_ERROR || repaired)
        return stop("This browser cannot decode the stream. Open it in a player.");
      repaired = true;
      player.recoverMediaError();
    });
    player.on(Hls.Events.MANIFEST_PARSED, play);
    player.loadSource(source);
    player.attachMedia(video);
  }

  function loadLibrary() {
    if (window.Hls) return playByLibrary();
    const script = document.createElement("script");
    script.src = library;
    script.onload = playByLibrary;
    script.onerror = () => stop("hls.js cannot be loaded. Reload the page.");
    document.head.append(script);
  }

  button.addEventListener("click", () => {
    button.hidden = true;
    video.hidden = false;
    box.classList.add("plays");
    say("Loading …");
    if (isNative) {
      video.src = source;
      play();
    } else {
      loadLibrary();
    }
  });

  video.addEventListener("playing", () => say(""));
  video.addEventListener("waiting", () => say("Waiting for the stream …"));
  video.addEventListener("ended", () => stop("The stream has ended."));
  video.addEventListener("error", () => {
    if (player || !video.hasAttribute("src")) return;
    stop(
      library
        ? "The stream cannot be played here. Open it in a player."
        : "This browser cannot play the stream by itself, and the server was built without " +
            "hls.js. Open the stream in a player."
    );
  });
  // What is paused asks for nothing, and goes on with what is live then.
  video.addEventListener("pause", () => {
    if (!player || video.ended) return;
    player.stopLoad();
    rests = true;
  });
  video.addEventListener("play", () => {
    if (player && rests) player.startLoad(-1);
    rests = false;
  });
})();
