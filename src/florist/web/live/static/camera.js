// The camera: its picture in a video, another camera, and why there is none.

const REASONS = {
  NotAllowedError: "The camera was not allowed. Allow it beside the address of this page, then start it again.",
  NotFoundError: "There is no camera on this device. Choose pictures instead.",
  NotReadableError: "Another program has the camera. Close that, then start it again.",
};

let stream;

/** Show what a camera sees; by default the one that looks away from the person. */
export async function open(video, device) {
  if (!isSecureContext) throw new Error("Browsers give no camera to a page that came over plain http. Open it with https.");
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser gives pages no camera. Choose pictures instead.");
  close(); // a phone has its cameras one at a time
  const which = device ? { deviceId: { exact: device } } : { facingMode: "environment" };
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: which });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? `The camera cannot be used: ${error.message}`);
  }
  video.srcObject = stream;
  await video.play();
}

/** Let go of the camera, and put out its light. */
export function close() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
}

/** Return the camera after the one that is open, or nothing where there is no other. */
export async function next() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId }) => deviceId);
  const here = cameras.indexOf(stream?.getVideoTracks()[0]?.getSettings().deviceId);
  return cameras.length > 1 ? cameras[(here + 1) % cameras.length] : undefined;
}
